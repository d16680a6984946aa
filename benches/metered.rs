//! The function that callgrind counts, with everything it calls.

/// The pattern by which callgrind finds [`metered`].
pub const METERED: &str = "*::metered::metered*";

/// Does the work that is counted; creating the input and dropping the output are not.
#[inline(never)]
pub fn metered<Input, Output>(input: Input, work: impl FnOnce(Input) -> Output) -> Output {
    work(input)
}
