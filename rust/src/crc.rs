//! CRC-32C (Castagnoli), the checksum of record batches and producer snapshots.
//!
//! Invariant: equals `java.util.zip.CRC32C`. The work is done by `crc-fast`, which picks CLMUL,
//! AVX-512 or a table at run time; this file only names the parameters once.

use crc_fast::{CrcAlgorithm, checksum};

/// The CRC-32C of `bytes`.
pub fn crc32c(bytes: &[u8]) -> u32 {
    let wide = checksum(CrcAlgorithm::Crc32Iscsi, bytes);
    u32::try_from(wide & u64::from(u32::MAX)).unwrap_or_default()
}

/// The CRC-32 (ISO-HDLC) of `bytes`, which messages before version 2 carry.
pub fn crc32(bytes: &[u8]) -> u32 {
    let wide = checksum(CrcAlgorithm::Crc32IsoHdlc, bytes);
    u32::try_from(wide & u64::from(u32::MAX)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::crc32c;

    #[test]
    fn known_answers_of_rfc_3720() {
        assert_eq!(crc32c(b""), 0);
        assert_eq!(crc32c(b"123456789"), 0xE306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8A91_36AA);
        assert_eq!(crc32c(&[0xFF; 32]), 0x62A8_AB43);
    }
}
