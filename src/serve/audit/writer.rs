//! Takes events from the queues. Has a thread of its own, since it waits for the disk.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use gatehall_gateway::{Recorded, Recorder};
use gatehall_store::EventRow;
use tokio::{
    sync::{
        mpsc,
        oneshot::{self, error::TryRecvError},
    },
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    events::Events,
    journal::{Closed, Journal, Written},
    state::AuditState,
    store_writer::Batch,
};

/// Events written to the store at once.
const BATCH: usize = 4096;
/// How long events gather before they are written to the store.
const GATHER: Duration = Duration::from_millis(200);
/// The store may take so long to keep events that are nowhere else. Then they go to the journal.
const LATE: Duration = Duration::from_millis(300);
/// How often it is looked whether the store has what it was given.
const LOOK: Duration = Duration::from_millis(100);
/// How often it is tried whether the journal can be written again.
const PROBE: Duration = Duration::from_secs(1);
/// Events that the store may have in hand; further ones come to it from the journal.
const IN_HAND: usize = 65_536;
/// While so many files wait to be brought back, the one that is written grows: each of them is open,
/// and an outage may last for days.
const FILES: u64 = 64;
/// How long the store has at the end to take what it was given.
const AT_END: Duration = Duration::from_secs(3);

pub(super) struct Writer {
    recorder: Recorder,
    state: Arc<AuditState>,
    journal: Journal,
    batches: mpsc::Sender<Batch>,
    closed: mpsc::UnboundedSender<Closed>,
    /// Not yet given to the store, and since when.
    gathered: Vec<EventRow>,
    /// The file of the journal that has them, too.
    gathered_in: Option<PathBuf>,
    since: Instant,
    in_hand: Vec<InHand>,
    /// What is known of the files of the journal that were not handed on.
    files: HashMap<PathBuf, Known>,
    probed: Instant,
}

/// Events that the store was given.
struct InHand {
    rows: Arc<Vec<EventRow>>,
    kept: oneshot::Receiver<bool>,
    at: Instant,
    /// The file of the journal that has them, too.
    file: Option<PathBuf>,
}

#[derive(Default)]
struct Known {
    /// Batches of it that the store has in hand.
    in_hand: usize,
    /// Events of it that the store does not have.
    waiting: u64,
    /// Set when nothing is written to it any more.
    closed: Option<Closed>,
}

impl Writer {
    pub(super) fn new(
        recorder: Recorder,
        state: Arc<AuditState>,
        journal: Journal,
        batches: mpsc::Sender<Batch>,
        closed: mpsc::UnboundedSender<Closed>,
    ) -> Self {
        let (since, probed) = (Instant::now(), Instant::now());
        Self {
            recorder,
            state,
            journal,
            batches,
            closed,
            gathered: Vec::new(),
            gathered_in: None,
            since,
            in_hand: Vec::new(),
            files: HashMap::new(),
            probed,
        }
    }

    /// Works until it is time to stop, and until the queues are empty.
    pub(super) async fn work(mut self, mut events: Events, stop: CancellationToken) {
        let (mut called, mut entered) = (Vec::with_capacity(BATCH), Vec::new());
        let sure = self.recorder.is_sure();
        let mut stopping = false;
        while !stopping {
            tokio::select! {
                biased;
                () = stop.cancelled() => stopping = true,
                _ = events.calls.recv_many(&mut called, BATCH) => {}
                _ = events.entries.recv_many(&mut entered, BATCH), if !events.entries.is_closed() => {}
                () = sleep(LOOK), if self.has_work() => {}
            }
            // Whoever does not wait is not looked after one by one.
            let idle = called.is_empty() && entered.is_empty();
            if !sure && !stopping && !idle && called.len() < BATCH {
                stop.run_until_cancelled(sleep(GATHER)).await;
            }
            while let Ok(event) = events.calls.try_recv() {
                called.push(event);
                if called.len() >= BATCH && !stopping {
                    break;
                }
            }
            while let Ok(event) = events.entries.try_recv() {
                entered.push(event);
            }
            let mut waiting = Vec::new();
            let calls = called.drain(..).map(|Recorded { event, kept }| {
                waiting.push(kept);
                EventRow::from(event)
            });
            let rows: Vec<EventRow> = calls.chain(entered.drain(..).map(EventRow::from)).collect();
            self.take(rows, waiting, stopping);
            self.look();
        }
        self.end().await;
    }

    /// Whether it has to look again though nothing new comes.
    fn has_work(&self) -> bool {
        !self.gathered.is_empty()
            || !self.in_hand.is_empty()
            || self.files.values().any(|it| it.waiting > 0 || it.closed.is_some())
            || self.recorder.is_shut()
            || self.state.failing().is_some()
    }

    fn take(
        &mut self,
        rows: Vec<EventRow>,
        waiting: Vec<Option<oneshot::Sender<bool>>>,
        last: bool,
    ) {
        let mut rows = rows;
        if self.recorder.is_sure() && !rows.is_empty() {
            let written = self.append(&rows);
            for (row, waiting) in rows.iter().zip(waiting) {
                if let Some(waiting) = waiting {
                    // Whoever went away need not be told.
                    let _ = waiting.send(is_kept(written, row));
                }
            }
            // What gathered before may lie in a file that was given up by this.
            self.leave_file();
            let (kept, withheld) = rows.into_iter().partition(|row| is_kept(written, row));
            rows = kept;
            // Their answers are withheld, but the store may be on another disk.
            if !withheld.is_empty() {
                self.give(withheld, None);
            }
            if !rows.is_empty() {
                self.gathered_in = self.journal.current().map(ToOwned::to_owned);
            }
        }
        if self.gathered.is_empty() {
            self.since = Instant::now();
        }
        self.gathered.append(&mut rows);
        let gathered = self.gathered.len() >= BATCH || self.since.elapsed() >= GATHER;
        if !self.gathered.is_empty() && (gathered || last || !self.recorder.is_sure()) {
            self.hand_over();
        }
    }

    /// Gives the store what has gathered.
    fn hand_over(&mut self) {
        let rows = std::mem::take(&mut self.gathered);
        let file = self.gathered_in.take();
        self.give(rows, file);
    }

    /// Gives the store what has gathered, if that lies in a file which is written no more.
    fn leave_file(&mut self) {
        let file = self.gathered_in.as_deref();
        if !self.gathered.is_empty() && file.is_some() && file != self.journal.current() {
            self.hand_over();
        }
    }

    /// Gives the store events, which this file has, too.
    fn give(&mut self, rows: Vec<EventRow>, file: Option<PathBuf>) {
        let rows = Arc::new(rows);
        let (kept, answer) = oneshot::channel();
        let in_hand: usize = self.in_hand.iter().map(|it| it.rows.len()).sum();
        let batch = Batch { rows: Arc::clone(&rows), kept };
        if in_hand > IN_HAND || self.batches.try_send(batch).is_err() {
            self.not_kept(&rows, file.as_ref());
            return;
        }
        if let Some(file) = &file {
            self.files.entry(file.clone()).or_default().in_hand += 1;
        }
        self.in_hand.push(InHand { rows, kept: answer, at: Instant::now(), file });
    }

    /// Sees to what the store has in hand, and to the files of the journal.
    fn look(&mut self) {
        // What has been withheld has nowhere else to go as long as the journal fails.
        let patient = self.recorder.is_sure() && self.state.failing().is_some();
        let is_late = |it: &InHand| it.file.is_none() && !patient && it.at.elapsed() > LATE;
        let mut in_hand = std::mem::take(&mut self.in_hand);
        in_hand.retain_mut(|it| {
            let kept = match it.kept.try_recv() {
                Ok(kept) => kept,
                Err(TryRecvError::Closed) => false,
                Err(TryRecvError::Empty) if is_late(it) => false,
                Err(TryRecvError::Empty) => return true,
            };
            if let Some(known) = it.file.as_ref().and_then(|file| self.files.get_mut(file)) {
                known.in_hand -= 1;
            }
            if !kept {
                self.not_kept(&it.rows, it.file.as_ref());
            }
            false
        });
        self.in_hand = in_hand;
        self.rotate();
        self.probe();
    }

    /// The store does not have these, or not soon enough.
    fn not_kept(&mut self, rows: &[EventRow], file: Option<&PathBuf>) {
        let (file, count) = match file {
            Some(file) => (Some(file.clone()), rows.len()),
            None => {
                let written = self.write(rows);
                let count = rows.iter().filter(|row| is_kept(written, row)).count();
                (self.journal.current().map(ToOwned::to_owned), count)
            }
        };
        if let Some(file) = file.filter(|_| count > 0) {
            self.files.entry(file).or_default().waiting += count as u64;
            self.state.waiting.fetch_add(count as u64, Ordering::Relaxed);
        }
    }

    /// Writes events to the journal.
    fn append(&mut self, rows: &[EventRow]) -> Written {
        let sure = self.recorder.is_sure();
        let (written, result) = self.journal.append(rows, sure);
        if let Err(error) = result {
            self.recorder.shut(true);
            if self.state.failing().is_none() {
                tracing::error!(%error, "the audit's journal cannot be written");
            }
            self.state.set_failing(Some(error.to_string()));
            self.probed = Instant::now();
        }
        written
    }

    /// Writes events to the journal that are nowhere else. What has no room is counted, and what is
    /// grave among it is said in the log.
    fn write(&mut self, rows: &[EventRow]) -> Written {
        let written = self.append(rows);
        let lost = rows.iter().filter(|row| !is_kept(written, row));
        let count = lost.clone().count() as u64;
        if count > 0 {
            self.recorder.lose(count);
            tracing::error!(count, "events are missing in the audit");
            for row in lost.filter(|row| row.is_grave()) {
                tracing::error!(event = %serde_json::to_string(row).unwrap_or_default(), "missing in the audit");
            }
        }
        written
    }

    /// Sees whether the journal can be written again.
    fn probe(&mut self) {
        if self.state.failing().is_none() || self.probed.elapsed() < PROBE {
            return;
        }
        self.probed = Instant::now();
        if self.journal.has_room() && self.journal.probe().is_ok() {
            self.recorder.shut(false);
            self.state.set_failing(None);
            tracing::info!("the audit's journal can be written again");
        }
    }

    /// Begins another file when this one is large, or has what should be brought back.
    fn rotate(&mut self) {
        self.leave_file();
        for closed in self.journal.given_up() {
            self.retire(closed);
        }
        if let Some(current) = self.journal.current() {
            let known = self.files.get(current);
            let waits = known.is_some_and(|it| it.waiting > 0 && it.in_hand == 0);
            let settled = self.gathered.is_empty();
            let closed = self.files.values().filter(|it| it.closed.is_some()).count() as u64;
            let room = self.state.files.load(Ordering::Relaxed) + closed < FILES;
            // While others are being brought back, this one may grow.
            let others = self.files.values().any(|it| it.closed.is_some());
            let large = self.journal.is_large() && room;
            if settled && (large || waits && !others && self.closed_are_back()) {
                self.close();
            }
        }
        let done: Vec<PathBuf> = self
            .files
            .iter()
            .filter(|(_, known)| known.closed.is_some() && known.in_hand == 0)
            .map(|(file, _)| file.clone())
            .collect();
        for file in done {
            let Some(Known { waiting, closed: Some(mut closed), .. }) = self.files.remove(&file)
            else {
                continue;
            };
            closed.waiting = waiting;
            match waiting {
                0 => closed.remove(),
                _ => {
                    self.state.files.fetch_add(1, Ordering::Relaxed);
                    let _ = self.closed.send(closed);
                }
            }
        }
    }

    /// Whether nothing is on its way back from closed files.
    fn closed_are_back(&self) -> bool {
        let own: u64 = self.files.values().map(|it| it.waiting).sum();
        self.state.waiting() <= own
    }

    fn retire(&mut self, closed: Closed) {
        let known = self.files.entry(closed.path.clone()).or_default();
        known.closed = Some(closed);
    }

    fn close(&mut self) {
        if let Some(closed) = self.journal.close() {
            self.retire(closed);
        }
    }

    /// Waits for the store for a moment; what it does not take then stays for the next start.
    async fn end(mut self) {
        let settled = async {
            while !self.in_hand.is_empty() {
                sleep(Duration::from_millis(5)).await;
                self.look();
            }
        };
        if timeout(AT_END, settled).await.is_err() {
            for it in std::mem::take(&mut self.in_hand) {
                self.not_kept(&it.rows, it.file.as_ref());
            }
        }
        let waits = |known: &Known| known.waiting > 0 || known.in_hand > 0;
        if let Some(closed) = self.journal.close()
            && !self.files.get(&closed.path).is_some_and(waits)
        {
            closed.remove();
        }
    }
}

fn is_kept(written: Written, row: &EventRow) -> bool {
    match written {
        Written::All => true,
        Written::Grave => row.is_grave(),
        Written::Nothing => false,
    }
}

#[cfg(test)]
mod tests;
