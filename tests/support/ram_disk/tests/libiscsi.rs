//! The target against an independent initiator: the tools of libiscsi.

mod test_suite;

use std::process::Output;
use std::time::Duration;

use tokio::process::Command;

use super::by_hand::{mutual_config, plain_config};
use crate::ram_disk::RamDisk;

const TIME_LIMIT: Duration = Duration::from_mins(2);

async fn run(tool: &str, arguments: &[&str]) -> Output {
    let child = Command::new(tool).args(arguments).kill_on_drop(true).output();
    let output = tokio::time::timeout(TIME_LIMIT, child).await.expect("the tool ends in time");
    output.unwrap_or_else(|error| panic!("{tool}: {error}; to install it: apt-get install libiscsi-bin"))
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn mutual_url(portal: std::net::SocketAddr, forward: &str) -> String {
    format!(
        "iscsi://host%{forward}@{portal}/iqn.2001-04.com.example:disk/0\
         ?target_user=disk&target_password=what-the-disk-proves"
    )
}

#[tokio::test]
async fn iscsi_inq_with_mutual_chap() {
    let running = RamDisk::serve(mutual_config()).await.unwrap();
    let output = run("iscsi-inq", &[&mutual_url(running.portal(), "what-the-host-proves")]).await;
    assert!(output.status.success() && printed(&output).contains("Vendor:RAMDISK"), "{}", printed(&output));
    assert_eq!(running.report().mutual_sessions, 1);
    assert!(running.report().violations.is_empty());
    let output = run("iscsi-inq", &[&mutual_url(running.portal(), "not-what-he-proves")]).await;
    assert!(!output.status.success());
}

#[tokio::test]
async fn iscsi_ls_lists_the_target() {
    let running = RamDisk::serve(plain_config()).await.unwrap();
    let output = run("iscsi-ls", &["-s", &format!("iscsi://{}", running.portal())]).await;
    assert!(printed(&output).contains("iqn.2001-04.com.example:disk"), "{}", printed(&output));
    assert!(printed(&output).contains("Lun:0"), "{}", printed(&output));
}
