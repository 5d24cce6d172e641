use std::{future::Future, time::Duration};

use tokio::{runtime::Handle, task::JoinHandle};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// All tasks that outlive a request: each is started here, told to stop here, and waited for here.
/// They run on the runtime in which this was made, or on the one that it was told, whoever starts
/// them.
#[derive(Debug, Clone)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
    runtime: Handle,
}

impl Tasks {
    /// For the runtime that is running now.
    ///
    /// # Panics
    /// If none is.
    pub fn new() -> Self {
        Self {
            tracker: TaskTracker::new(),
            stop: CancellationToken::new(),
            runtime: Handle::current(),
        }
    }

    /// The same, for tasks that run on another runtime.
    pub fn on(&self, runtime: &Handle) -> Self {
        Self { runtime: runtime.clone(), ..self.clone() }
    }

    /// Starts a task. It has to end soon after [`Tasks::stop`] is cancelled.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tracker.spawn_on(task, &self.runtime)
    }

    /// Starts a task that is cut off when it is time to stop.
    pub fn spawn_until_stop<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stop = self.stop.clone();
        self.spawn(async move {
            stop.run_until_cancelled(task).await;
        });
    }

    /// The runtime in which the tasks run.
    pub const fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Becomes cancelled when it is time to stop.
    pub const fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Tells all tasks to stop and waits for them, at most for `grace`. Answers whether all ended.
    pub async fn finish(&self, grace: Duration) -> bool {
        self.stop.cancel();
        self.tracker.close();
        tokio::time::timeout(grace, self.tracker.wait()).await.is_ok()
    }
}

impl Default for Tasks {
    fn default() -> Self {
        Self::new()
    }
}
