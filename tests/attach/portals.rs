//! A target with two portals, of which one goes away.

use crate::guest::{PORTALS, guest};

#[test]
fn writes_go_on_at_another_portal() {
    let guest = guest();
    let (first, second) = (guest.lio.portal(), format!("127.0.0.2:{}", guest.lio.portal().port()));
    let group = format!("/sys/kernel/config/target/iscsi/{}/tpgt_1", guest.lio.iqn(PORTALS));
    guest.run(&format!("mkdir {group}/np/{second}"));
    let url = guest.lio.url(PORTALS);
    guest.run(&format!(
        "rm -f /tmp/attached; (iscsi attach -v --auth none {url} >/tmp/attached 2>/tmp/messages &)"
    ));
    guest.wait_for(60, "grep -q 'portals are known' /tmp/messages");
    let device = guest.run("cat /tmp/attached").trim().to_owned();
    guest.format(&device);
    guest.begin_writing(12);
    guest.wait_for(10, "[ $(stat -c %s /mnt/file 2>/dev/null || echo 0) -gt 1000000 ]");
    guest.run(&format!("echo 0 >{group}/enable; rmdir {group}/np/{first}; echo 1 >{group}/enable"));
    guest.expect_written(&device, 60);
    assert_eq!(guest.run(&format!("ls {group}/np")).trim(), second);
    let attached = guest.attached(&device);
    assert_eq!((&attached["state"], guest.sessions()), (&"up".into(), 1), "{attached}");
    guest.run(&format!("iscsi detach {device}"));
    guest.expect_nothing_left();
}
