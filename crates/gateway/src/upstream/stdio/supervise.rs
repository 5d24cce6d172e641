use std::{process::ExitStatus, time::Duration};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;
use tokio_util::sync::CancellationToken;

/// How long a process may take to end after its input closed, and again after SIGTERM.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// Waits until the process ends, or ends it: first its input is closed, then SIGTERM, then
/// SIGKILL; the last two to its whole group. Answers how it ended, and whether by itself.
pub(super) async fn supervise(
    child: &mut Child,
    stop: &CancellationToken,
    program: &CancellationToken,
) -> (String, bool) {
    let group = child.id().and_then(|id| Pid::from_raw(id as i32));
    let signal = |signal| {
        if let Some(group) = group {
            let _ = kill_process_group(group, signal);
        }
    };
    let status = tokio::select! {
        status = child.wait() => Some(status),
        () = stop.cancelled() => None,
        () = program.cancelled() => None,
    };
    let by_itself = status.is_some();
    let status = match status {
        Some(status) => status,
        None => {
            stop.cancel();
            let mut ended = tokio::time::timeout(GRACE, child.wait()).await;
            if ended.is_err() {
                signal(Signal::TERM);
                ended = tokio::time::timeout(GRACE, child.wait()).await;
            }
            match ended {
                Ok(status) => status,
                Err(_) => {
                    signal(Signal::KILL);
                    child.wait().await
                }
            }
        }
    };
    // Whatever the process started and left behind.
    signal(Signal::KILL);
    stop.cancel();
    let how = match (by_itself, status) {
        (true, Ok(status)) => describe(status),
        (true, Err(error)) => error.to_string(),
        (false, _) => "it was ended".into(),
    };
    (how, by_itself)
}

fn describe(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("the process exited with code {code}"),
        None => format!("the process was ended ({status})"),
    }
}
