//! Logins of which one side or one step is counted.

use iscsi_benches::metered::metered;
use iscsi_benches::{InMemoryLogin, Part, Proofs, Watch};

/// The steps of the initiator: its first request, and the first three responses.
const STEPS: [&str; 4] = ["first request", "algorithm offer", "proof", "verification"];

/// The names of all cases, behind the word `login`.
pub(crate) fn names() -> impl Iterator<Item = String> {
    let whole = Proofs::ALL.iter().flat_map(|(name, _)| ["initiator", "target"].map(|half| (half, name)));
    let steps = ["mutual MD5", "mutual SHA-256"].into_iter().flat_map(|name| STEPS.map(|step| (step, name)));
    whole
        .map(|(half, name)| format!("{half}, {name}"))
        .chain(steps.map(|(step, name)| format!("{step}, {name}")))
}

/// Logs in once; what the case names is under the meter. The count is of one login.
pub(crate) fn run(case: &str) -> Result<u32, String> {
    let (counted, proofs) = parse(case).ok_or_else(|| format!("no login {case:?}"))?;
    let login = InMemoryLogin::new(proofs).map_err(|error| error.to_string())?;
    let completed = login.run(&mut Meter { counted });
    completed.map(|_| 1).ok_or_else(|| format!("{case}: refused"))
}

fn parse(case: &str) -> Option<(Counted, Proofs)> {
    let (what, name) = case.split_once(", ")?;
    let (_, proofs) = Proofs::ALL.into_iter().find(|(known, _)| *known == name)?;
    let counted = match what {
        "initiator" => Counted::Initiator,
        "target" => Counted::Target,
        step => Counted::Step(STEPS.iter().position(|known| *known == step)?.try_into().ok()?),
    };
    Some((counted, proofs))
}

#[derive(Clone, Copy)]
enum Counted {
    Initiator,
    Target,
    Step(u32),
}

struct Meter {
    counted: Counted,
}

impl Watch for Meter {
    fn watch<Output>(&mut self, part: Part, work: impl FnOnce() -> Output) -> Output {
        let counts = match (self.counted, part) {
            (Counted::Initiator, Part::Initiator(_)) | (Counted::Target, Part::Target) => true,
            (Counted::Step(wanted), Part::Initiator(step)) => wanted == step,
            _ => false,
        };
        if counts { metered((), |()| work()) } else { work() }
    }
}
