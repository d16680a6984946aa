//! `iscsi secret require`

use clap::{Args, ValueEnum};
use iscsi_secrets::{Requirement, SecretStore};

use super::scope_args::ScopeArgs;
use crate::arguments::StoreChangeOptions;
use crate::failure::Failure;
use crate::store;

#[derive(Args)]
pub(crate) struct Require {
    #[arg(value_name = "LEVEL")]
    level: Level,
    #[command(flatten)]
    scope_args: ScopeArgs,
    #[command(flatten)]
    store: StoreChangeOptions,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Level {
    /// No authentication; for a target or portal an exemption from what is required of all
    None,
    /// The initiator authenticates itself by CHAP
    Chap,
    /// Both authenticate themselves by mutual CHAP
    Mutual,
    /// What is required of all; with --global and --discovery nothing
    Inherit,
}

impl Require {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let (scope, requirement) = (self.scope_args.scope()?, self.level.requirement());
        let store = if requirement.is_some() {
            store::made_if_missing(&self.store)?
        } else {
            store::existing(&self.store)?
        };
        Ok(store.require(scope, requirement)?)
    }
}

impl Level {
    const fn requirement(self) -> Option<Requirement> {
        match self {
            Self::None => Some(Requirement::None),
            Self::Chap => Some(Requirement::Chap),
            Self::Mutual => Some(Requirement::Mutual),
            Self::Inherit => None,
        }
    }
}
