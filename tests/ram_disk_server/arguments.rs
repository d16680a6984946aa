//! Command-line arguments.

use clap::Parser;
use iscsi_pdu::IscsiName;
use iscsi_tests::chap_environment::{INITIATOR_SECRET, TARGET_SECRET, secret};
use iscsi_tests::ram_disk::{Account, Config, Credentials, LogicalUnit, Target};

const AFTER_HELP: &str = "\
The secrets are what ISCSI_TESTS_INITIATOR_SECRET and ISCSI_TESTS_TARGET_SECRET say.

Lines on standard input:
  report   print what has been seen so far
  cut      cut the connections of all sessions, and print how many they were";

/// An iSCSI target with one disk in memory, for tests
#[derive(Parser)]
#[command(name = "ram-disk", after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Name of the target
    #[arg(long, default_value = "iqn.2001-04.com.example:disk")]
    target: IscsiName,
    /// CHAP name of the initiator, which then has to authenticate itself
    #[arg(long)]
    initiator_user: Option<String>,
    /// CHAP name of the target, which then authenticates itself too
    #[arg(long, requires = "initiator_user")]
    target_user: Option<String>,
    /// Connections served at a time
    #[arg(long, default_value_t = 256)]
    pub(crate) connections: u32,
    /// Connections that may wait to be served, up to net.core.somaxconn
    #[arg(long, default_value_t = 1024)]
    backlog: u32,
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Blocks of 512 bytes
    #[arg(long, default_value_t = LogicalUnit::default().blocks)]
    blocks: u64,
    /// Writes land in a volatile write cache
    #[arg(long)]
    write_cache: bool,
    /// Blocks can be unmapped
    #[arg(long)]
    thin: bool,
    /// The first command of a session meets no unit attention
    #[arg(long)]
    no_unit_attention: bool,
}

impl Arguments {
    /// The target that was asked for.
    pub(crate) fn config(&self) -> Result<Config, String> {
        let units = vec![LogicalUnit {
            blocks: self.blocks,
            write_cache: self.write_cache,
            is_thin: self.thin,
            ..LogicalUnit::default()
        }];
        let target = Target { name: self.target.clone(), credentials: self.credentials()?, units };
        let mut config = Config::with_targets([target]);
        config.most_connections =
            usize::try_from(self.connections).map_err(|_| "too many connections".to_owned())?;
        config.backlog = self.backlog;
        config.address.set_port(self.port);
        config.unit_attention = !self.no_unit_attention;
        Ok(config)
    }

    fn credentials(&self) -> Result<Credentials, String> {
        let Some(user) = &self.initiator_user else { return Ok(Credentials::None) };
        let initiator = Account::new(user, &secret(INITIATOR_SECRET)?);
        let Some(user) = &self.target_user else { return Ok(Credentials::Chap(initiator)) };
        let target = Account::new(user, &secret(TARGET_SECRET)?);
        Ok(Credentials::Mutual { initiator, target })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(arguments: &[&str]) -> Config {
        Arguments::try_parse_from([&["ram-disk"], arguments].concat()).unwrap().config().unwrap()
    }

    #[test]
    fn the_port_is_free_unless_it_is_named() {
        assert_eq!(config(&[]).address.to_string(), "127.0.0.1:0");
        assert_eq!(config(&["--port", "13260"]).address.to_string(), "127.0.0.1:13260");
    }

    #[test]
    fn the_write_cache_is_off_unless_it_is_asked_for() {
        assert!(!config(&[]).targets[0].units[0].write_cache);
        assert!(config(&["--write-cache"]).targets[0].units[0].write_cache);
    }

    #[test]
    fn the_disk_is_fully_provisioned_unless_it_is_to_be_thin() {
        assert!(!config(&[]).targets[0].units[0].is_thin);
        assert!(config(&["--thin"]).targets[0].units[0].is_thin);
    }
}
