//! Serial numbers of 32 bits (RFC 1982), and the command window made of them.

use iscsi_pdu::SerialNumber;

#[test]
fn num_01_comparison() {
    let vectors = [
        (0, 1, true, false),
        (0xffff_ffff, 0, true, false),
        (0x7fff_ffff, 0xffff_fffe, true, false),
        (0x8000_0001, 0, true, false),
        (0, 0x8000_0000, false, false),
        (5, 5, false, false),
    ];
    for (a, b, less, greater) in vectors {
        let (a, b) = (SerialNumber(a), SerialNumber(b));
        assert_eq!((a.precedes(b), b.precedes(a)), (less, greater), "{a:?} {b:?}");
    }
}

#[test]
fn num_01_steps_go_round() {
    assert_eq!(SerialNumber(u32::MAX).next(), SerialNumber(0));
    assert_eq!(SerialNumber(0xffff_fff0).plus(0x1f), SerialNumber(0x0f));
    assert_eq!(SerialNumber(0).minus(1), SerialNumber(u32::MAX));
    assert_eq!(SerialNumber(0xffff_fff0).distance_to(SerialNumber(0x0f)), 31);
}
