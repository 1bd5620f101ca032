//! Arbitrary bytes as record batches: walked, checked, decompressed, decoded, validated.
//!
//! Whatever the bytes, the answer is a value or an error. With every other input the CRC is made
//! right first, so that what lies behind it is reached.

#![no_main]

use libfuzzer_sys::fuzz_target;
use logcore::append_origin::AppendOrigin;
use logcore::record::{Records, decode};
use logcore::{Batches, Codec, Columns, ValidatorConfig, validate_and_assign_offsets};

const LIMIT_BYTES: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let mut bytes = bytes.to_vec();
    if choice & 1 == 1 && bytes.len() >= 61 {
        let length = i32::try_from(bytes.len() - 12).unwrap_or(0);
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        bytes[16] = 2;
        logcore::batch::seal(&mut bytes);
    }
    for batch in Batches::new(&bytes) {
        let Ok(batch) = batch else { break };
        let _ = batch.verify_crc();
        let Ok(records) = decode(&batch, LIMIT_BYTES) else { continue };
        let mut count = 0;
        if let Ok(walk) = Records::new(&batch.header, &records) {
            for record in walk.map_while(Result::ok) {
                record.headers().for_each(drop);
                count += 1;
            }
        }
        if let Ok(columns) = Columns::decode(&batch, &records, 0) {
            assert_eq!(columns.len(), count, "the two decoders disagree");
        }
    }
    let origin = match choice >> 1 & 3 {
        0 => AppendOrigin::Client,
        1 => AppendOrigin::Coordinator,
        2 => AppendOrigin::RaftLeader,
        _ => AppendOrigin::Replication,
    };
    let config = ValidatorConfig::from(&logcore::LogConfig::default());
    let _ = validate_and_assign_offsets(&mut bytes.clone(), 7, 1, 1_700_000_000_000, origin, &config);
    if let Ok(codec) = Codec::from_id(choice >> 3 & 7) {
        let _ = logcore::compression::decompress(codec, &bytes, LIMIT_BYTES);
    }
});
