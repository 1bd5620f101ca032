"""Subjects are written as Java writes them; what is no certificate names nobody."""

import datetime
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.name import _ASN1Type  # the kind of string is part of what is tested
from cryptography.x509.oid import NameOID, ObjectIdentifier
from hypothesis import given
from hypothesis import strategies as st

from logcore.broker.security.distinguished_name import MalformedCertificateError, subject_of
from tests.broker.security.signing import ec_key

START = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)


def certificate(*sets: "list[x509.NameAttribute[str]]") -> bytes:
    name = x509.Name([x509.RelativeDistinguishedName(each) for each in sets])
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer")])
    key = ec_key("certificate")
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(5)
        .not_valid_before(START)
        .not_valid_after(START + datetime.timedelta(days=9999))
    )
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def name(
    oid: ObjectIdentifier, value: str, kind: _ASN1Type | None = None
) -> "x509.NameAttribute[str]":
    return x509.NameAttribute(oid, value, kind, _validate=False)


COUNTRY, CN, ORGANIZATION, OU = (
    NameOID.COUNTRY_NAME,
    NameOID.COMMON_NAME,
    NameOID.ORGANIZATION_NAME,
    NameOID.ORGANIZATIONAL_UNIT_NAME,
)  # fmt: skip
SUBJECTS = [
    (
        [[name(COUNTRY, "DE")], [name(ORGANIZATION, "logcore")], [name(CN, "alice")]],
        "CN=alice,O=logcore,C=DE",
    ),
    ([[name(OU, "a"), name(CN, "b")]], "CN=b+OU=a"),
    (
        [[name(CN, 'a,b+c"d\\e<f>g;h#i=j')]],
        'CN=a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h\\#i\\=j',
    ),
    ([[name(CN, " a b ")]], "CN=\\ a b\\ "),
    ([[name(CN, "jörg 東")]], "CN=jörg 東"),
    (
        [
            [name(NameOID.DOMAIN_COMPONENT, "org", _ASN1Type.IA5String)],
            [name(NameOID.USER_ID, "u")],
            [name(NameOID.STATE_OR_PROVINCE_NAME, "s")],
            [name(NameOID.LOCALITY_NAME, "l")],
            [name(NameOID.STREET_ADDRESS, "t")],
        ],
        "STREET=t,L=l,ST=s,UID=u,DC=org",
    ),
    (
        [[name(NameOID.EMAIL_ADDRESS, "a@b", _ASN1Type.IA5String)], [name(CN, "a")]],
        "CN=a,1.2.840.113549.1.9.1=#1603614062",
    ),
    ([[name(NameOID.SERIAL_NUMBER, "7", _ASN1Type.PrintableString)]], "2.5.4.5=#130137"),
    ([], ""),
]


@pytest.mark.parametrize(("sets", "written"), SUBJECTS)
def test_subjects(sets: "list[list[x509.NameAttribute[str]]]", written: str):
    assert subject_of(certificate(*sets)) == written


def test_a_string_of_two_bytes_a_character():
    """Java 17 takes the bytes for UTF-8, and writes what nobody would write into a rule."""
    assert subject_of(certificate([name(CN, "jörg", _ASN1Type.BMPString)])) == "CN=jörg"


@pytest.mark.peer
def test_java_writes_them_alike(tmp_path: Path):
    if shutil.which("java") is None and not os.environ.get("CI"):
        pytest.skip("needs Java")
    lines = [certificate(*sets).hex() for sets, _ in SUBJECTS]
    (tmp_path / "hex").write_text("\n".join(lines))
    (tmp_path / "Names.java").write_text(JAVA)
    done = subprocess.run(
        ["java", "-Dfile.encoding=UTF-8", str(tmp_path / "Names.java"), str(tmp_path / "hex")],
        capture_output=True,
        check=True,
        timeout=60,
    )
    written = done.stdout.decode().split("\0")[:-1]
    assert written == [subject_of(bytes.fromhex(line)) for line in lines]


JAVA = """
import java.io.*; import java.nio.file.*; import java.security.cert.*; import java.util.*;
class Names {
  public static void main(String[] args) throws Exception {
    PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, "UTF-8");
    for (String line : Files.readAllLines(Path.of(args[0]))) {
      byte[] der = HexFormat.of().parseHex(line);
      X509Certificate made = (X509Certificate) CertificateFactory.getInstance("X.509")
          .generateCertificate(new ByteArrayInputStream(der));
      out.print(made.getSubjectX500Principal().getName() + "\\0");
    }
  }
}
"""


@given(st.binary(max_size=40))
def test_any_bytes_are_a_certificate_or_refused(data: bytes):
    with pytest.raises(MalformedCertificateError):
        subject_of(data)


GOOD = certificate([name(CN, "alice")])


@given(st.data())
def test_a_damaged_certificate_is_read_or_refused(data: st.DataObject):
    good = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 3))):
        good[data.draw(st.integers(0, 120))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(good)))
    try:
        subject_of(bytes(good[:cut]))
    except MalformedCertificateError:
        return
