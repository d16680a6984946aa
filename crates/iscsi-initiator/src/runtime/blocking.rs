//! Work that may wait for a disk or another process, away from the runtime's own threads.

/// Runs what may block on the thread pool made for it.
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
