//! Every sample of a measurement, with the machine it was made on: the file that `--json` writes and `--from` reads.

use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::arguments::Runtime;
use crate::machine::Machine;
use crate::measurement::Measured;

/// A measurement.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Record<C> {
    pub(crate) machine: Machine,
    /// Runtime of the library, of the bare exchange and of the replay.
    pub(crate) runtime: Runtime,
    /// True after a quick run, which has too few samples to quote.
    pub(crate) quick: bool,
    pub(crate) measured: Vec<Measured<C>>,
}

impl<C> Record<C> {
    /// Rounds of the case that has the most.
    pub(crate) fn rounds(&self) -> usize {
        self.measured.iter().map(|measured| measured.rounds.len()).max().unwrap_or_default()
    }
}

impl<C: Serialize + DeserializeOwned> Record<C> {
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let complain = |error: &dyn std::error::Error| format!("{}: {error}", path.display());
        let text = fs::read_to_string(path).map_err(|error| complain(&error))?;
        Ok(serde_json::from_str(&text).map_err(|error| complain(&error))?)
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        Ok(fs::write(path, serde_json::to_string_pretty(self)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Authentication, Case, Placement, TargetKind};
    use crate::contender::Contender;
    use crate::exchanges::Exchanges;
    use crate::measurement::Round;
    use crate::sample::Sample;
    use crate::{login_answers, table};

    fn record() -> Record<Case> {
        let case = Case {
            placement: Placement::Pinned,
            target: TargetKind::Tgtd,
            authentication: Authentication::None,
            concurrency: 1,
        };
        let sample = |client_us| Sample { per_second: 1e6 / client_us, client_us, target_us: 70.0 / 3.0 };
        let samples = case.contenders().iter().zip([70.1, 80.2, 50.3, 60.4]);
        let round = Round(samples.map(|(contender, client_us)| (*contender, sample(client_us))).collect());
        let exchanges: Exchanges = "308:368,48:52".parse().unwrap();
        let measured = vec![Measured { case, exchanges, rounds: vec![round.clone(), round] }];
        Record { machine: Machine::this(), runtime: Runtime::MultiThread, quick: true, measured }
    }

    #[test]
    fn what_is_read_back_gives_the_same_pages() {
        let (folder, written) = (tempfile::tempdir().unwrap(), record());
        let path = folder.path().join("samples.json");
        written.write(&path).unwrap();
        let read = Record::<Case>::read(&path).unwrap();
        assert_eq!((read.runtime, read.quick, read.rounds()), (Runtime::MultiThread, true, 2));
        assert_eq!(read.machine.to_string(), written.machine.to_string());
        assert_eq!(read.measured[0].exchanges, written.measured[0].exchanges);
        assert_eq!(table::tables(&read.measured), table::tables(&written.measured));
        let answers = |record: &Record<Case>| login_answers::answers(&record.measured);
        for (read, written) in answers(&read).iter().zip(answers(&written)) {
            assert_eq!(read.table, written.table);
            assert_eq!(read.chart.svg().unwrap(), written.chart.svg().unwrap());
        }
        assert!(read.measured[0].rounds[0].0.contains_key(&Contender::Replay));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("samples.json");
        let complaint = || Record::<Case>::read(&path).unwrap_err().to_string();
        assert!(complaint().contains("samples.json: No such file"), "{}", complaint());
        fs::write(&path, "{}").unwrap();
        assert!(complaint().contains("samples.json: missing field"), "{}", complaint());
    }
}
