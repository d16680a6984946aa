//! The target against an independent initiator: the tools of libiscsi.

use std::process::Output;
use std::time::Duration;

use tokio::process::Command;

use super::by_hand::{mutual_config, plain_config};
use crate::ram_disk::{Config, RamDisk};

const TIME_LIMIT: Duration = Duration::from_secs(30);

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

/// The reads and writes of libiscsi's test suite, with immediate data and with R2Ts alone.
#[tokio::test]
async fn iscsi_test_cu_reads_and_writes() {
    let immediate = plain_config();
    let mut solicited = plain_config();
    solicited.offer.parameters.initial_r2t = true;
    solicited.offer.parameters.immediate_data = false;
    solicited.offer.parameters.max_burst_length = 16_384;
    solicited.offer.parameters.first_burst_length = 16_384;
    for config in [immediate, solicited] {
        test_cu(config).await;
    }
}

async fn test_cu(config: Config) {
    let running = RamDisk::serve(config).await.unwrap();
    let url = format!("iscsi://{}/iqn.2001-04.com.example:disk/0", running.portal());
    for suite in [
        "SCSI.Read10",
        "SCSI.Write10.Simple",
        "SCSI.Write16.BeyondEol",
        "iSCSI.iSCSIResiduals.Write10Residuals",
    ] {
        let output = run("iscsi-test-cu", &["-d", "-f", "-t", suite, &url]).await;
        let text = printed(&output);
        assert!(text.contains("...passed") && !text.contains("FAILED"), "{suite}: {text}");
    }
    assert!(running.report().bytes_written > 0);
}
