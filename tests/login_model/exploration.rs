//! Depth by depth over all answers; ends are cut off, and equal states are one.

use std::collections::HashMap;
use std::fmt;

use iscsi_login::Strictness;
use iscsi_login::initiator::{Authenticated, Config, Login, Step};
use iscsi_pdu::LoginRequest;

use crate::answer::Answer;
use crate::policy::{Names, Policy};

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Exploration {
    /// Different states of the login, at each depth, that wait for another answer.
    pub(crate) states: usize,
    /// Answers given to them.
    pub(crate) transitions: usize,
    /// Sequences of answers, up to where the login ended, that these stand for.
    pub(crate) sequences: u128,
    /// Transitions into full feature phase.
    pub(crate) completed: usize,
    /// The answers that led there, one sequence for each.
    pub(crate) ways_in: Vec<Vec<Answer>>,
}

impl fmt::Display for Exploration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { states, transitions, sequences, completed, .. } = self;
        write!(f, "{states} states, {transitions} answers, {sequences} sequences, {completed} ways in")
    }
}

/// A state, by the first sequence that reached it, and how many sequences do.
struct Reached {
    path: Vec<usize>,
    sequences: u128,
}

/// Everything on which the login's further course depends.
type State = String;

pub(crate) fn explore(
    (policy, strictness): (Policy, Strictness),
    answers: &[Answer],
    depth: usize,
) -> Exploration {
    let names = Names::new();
    let mut exploration = Exploration::default();
    let mut level = vec![Reached { path: vec![], sequences: 1 }];
    for _ in 0..depth {
        let mut next: HashMap<State, Reached> = HashMap::new();
        exploration.states += level.len();
        for reached in &level {
            for at in 0..answers.len() {
                let path = [reached.path.as_slice(), &[at]].concat();
                exploration.transitions += 1;
                exploration.sequences += reached.sequences;
                match play(policy.config(strictness, &names), answers, &path) {
                    Some(Step::Send(login, request)) => {
                        let entry =
                            next.entry(state(&login, &request)).or_insert(Reached { path, sequences: 0 });
                        entry.sequences += reached.sequences;
                    }
                    Some(Step::Complete(completed)) => {
                        assert!(fits(policy, &completed.authenticated), "{policy:?}: {completed:?}");
                        exploration.completed += 1;
                        exploration.ways_in.push(path.iter().map(|at| answers[*at].clone()).collect());
                    }
                    Some(Step::Redirect(_)) | None => {}
                }
            }
        }
        level = next.into_values().collect();
    }
    exploration
}

fn state(login: &Login<'_>, request: &LoginRequest) -> State {
    format!("{login:?} {request:?}")
}

fn fits(policy: Policy, authenticated: &Authenticated) -> bool {
    match policy {
        Policy::IfAsked => !matches!(authenticated, Authenticated::Mutual(_)),
        Policy::Chap => matches!(authenticated, Authenticated::Initiator { .. }),
        Policy::Mutual => matches!(authenticated, Authenticated::Mutual(_)),
    }
}

/// The step after the last answer of the path; `None` if the login failed there.
fn play<'a>(config: Config<'a>, answers: &[Answer], path: &[usize]) -> Option<Step<'a>> {
    let (mut login, mut request) = Login::start(config).unwrap();
    let (last, before) = path.split_last()?;
    for at in before {
        match login.receive(&answers[*at].to(&request)) {
            Ok(Step::Send(next, next_request)) => (login, request) = (next, next_request),
            _ => panic!("the path is open up to its last answer"),
        }
    }
    login.receive(&answers[*last].to(&request)).ok()
}
