//! Breadth-first exploration of all answers; equal states are merged, and ended logins are dropped.

use std::collections::HashMap;
use std::fmt;

use iscsi_login::Strictness;
use iscsi_login::initiator::{Authenticated, Login, LoginConfig, Step};
use iscsi_pdu::LoginRequest;

use crate::answer::Answer;
use crate::policy::{Names, Policy};

/// The result of an exploration.
#[derive(Debug, Default)]
pub(crate) struct Exploration {
    /// Distinct states at each depth that await another answer.
    pub(crate) states: usize,
    /// Answers given to them.
    pub(crate) transitions: usize,
    /// Sequences of answers, up to the end of the login, that these represent.
    pub(crate) sequences: u128,
    /// Transitions into full feature phase.
    pub(crate) completed: usize,
    /// One sequence of answers for each of them.
    pub(crate) ways_in: Vec<Vec<Answer>>,
}

impl fmt::Display for Exploration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { states, transitions, sequences, completed, .. } = self;
        write!(f, "{states} states, {transitions} answers, {sequences} sequences, {completed} ways in")
    }
}

/// A state: the first sequence that reached it, and the number of sequences that do.
struct Reached {
    path: Vec<usize>,
    sequences: u128,
}

/// Everything that the further course of the login depends on.
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
fn play<'a>(config: LoginConfig<'a>, answers: &[Answer], path: &[usize]) -> Option<Step<'a>> {
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
