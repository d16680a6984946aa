//! Blocking work, such as disk access, outside the runtime's worker threads.

/// Runs blocking work on the runtime's thread pool for such work.
pub(crate) async fn blocking<T, R, F>(argument: T, work: F) -> R
where
    T: Send + 'static,
    R: Send + 'static,
    F: FnOnce(T) -> R + Send + 'static,
{
    match tokio::task::spawn_blocking(move || work(argument)).await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
