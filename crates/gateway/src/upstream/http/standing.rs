//! How far a session is trusted.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// How far a session is trusted.
#[derive(Debug, Default)]
pub(super) struct Standing {
    state: AtomicU8,
    lost: AtomicBool,
    /// The server did not answer when it was asked for a proof: it may be busy, or never does.
    mute: AtomicBool,
    /// How many looks in a row it did not answer.
    silences: AtomicU8,
}

/// An answer was odd: it is used again when it has been proven good.
const DOUBTED: u8 = 1;
/// It was proven good, and no call was answered in it since.
const PROVEN: u8 = 2;
/// It was proven good, and still a call was told that there is none: the server may answer pings in
/// any session, or a tool speaks of sessions of its own. The list of tools tells.
const PRESSED: u8 = 4;
/// The list of tools was had in it, so that calls are not believed any more.
const TRUSTED: u8 = 8;
/// It is not used again.
const GIVEN_UP: u8 = 16;

/// After so many looks in a row without an answer a server is spoken to anew. A busy one answers
/// none, too, and nobody's session is dropped for that.
const SILENCES: u8 = 3;

impl Standing {
    pub(super) fn is_good(&self) -> bool {
        self.state.load(Ordering::Relaxed) & (DOUBTED | GIVEN_UP) == 0
    }

    /// Whether the server itself said that it does not know the session, which also means that it
    /// ran nothing of what came that way.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// An answer was odd. It may say that there is no such session.
    pub(super) fn doubt(&self, names_session: bool) {
        self.change(|state| match names_session && state & (PROVEN | TRUSTED) == PROVEN {
            true => state | DOUBTED | PRESSED,
            false => state | DOUBTED,
        });
    }

    /// The gate looked, and nothing came.
    pub(super) fn silent(&self) {
        if self.silences.fetch_add(1, Ordering::Relaxed) + 1 >= SILENCES {
            self.give_up();
        }
    }

    /// What the gate itself asked had an odd answer. Where no better proof is to be had, that is one.
    pub(super) fn fail(&self) {
        if self.is_mute() || self.state.load(Ordering::Relaxed) & TRUSTED != 0 {
            self.give_up();
        }
    }

    pub(super) fn is_given_up(&self) -> bool {
        self.state.load(Ordering::Relaxed) & GIVEN_UP != 0
    }

    /// Whether the list of tools has to tell.
    pub(super) fn is_pressed(&self) -> bool {
        self.state.load(Ordering::Relaxed) & PRESSED != 0
    }

    /// Whether the server did not answer when it was asked for a proof.
    pub(super) fn is_mute(&self) -> bool {
        self.mute.load(Ordering::Relaxed)
    }

    pub(super) fn fall_mute(&self) {
        self.mute.store(true, Ordering::Relaxed);
    }

    /// The server itself said that it does not know the session.
    pub(super) fn lose(&self) {
        self.lost.store(true, Ordering::Relaxed);
    }

    fn give_up(&self) {
        self.change(|state| state | GIVEN_UP);
    }

    /// A call was answered in the session.
    pub(super) fn confirm(&self) {
        self.silences.store(0, Ordering::Relaxed);
        if self.state.load(Ordering::Relaxed) & !TRUSTED == PROVEN {
            self.change(|state| if state & !TRUSTED == PROVEN { state & TRUSTED } else { state });
        }
    }

    pub(super) fn prove(&self) {
        self.change(|state| {
            let trusted = if state & PRESSED != 0 { TRUSTED } else { 0 };
            (state & !(DOUBTED | PRESSED)) | PROVEN | trusted
        });
    }

    fn change(&self, change: impl Fn(u8) -> u8) {
        let _ =
            self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |it| Some(change(it)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_used_again_once_it_is_proven() {
        let standing = Standing::default();
        assert!(standing.is_good());
        standing.doubt(true);
        assert!(!standing.is_good());
        standing.prove();
        assert!(standing.is_good());
        standing.confirm();
        standing.doubt(true);
        standing.prove();
        assert!(standing.is_good(), "a call was answered in between");
    }

    #[test]
    fn what_calls_are_told_is_held_against_the_list_of_tools() {
        let standing = Standing::default();
        standing.doubt(false);
        standing.prove();
        standing.doubt(false);
        standing.prove();
        assert!(standing.is_good(), "nothing was said of the session");
        standing.doubt(true);
        assert!(standing.is_pressed(), "the list is asked for");
        standing.prove();
        assert!(standing.is_good(), "it was had");
        standing.doubt(true);
        assert!(!standing.is_pressed(), "that is known");
        standing.prove();
        standing.fail();
        standing.prove();
        assert!(!standing.is_good(), "what the gate asked had no answer either");
    }

    #[test]
    fn a_server_that_is_silent_for_long_is_spoken_to_anew() {
        let standing = Standing::default();
        (1..SILENCES).for_each(|_| standing.silent());
        standing.confirm();
        (1..SILENCES).for_each(|_| standing.silent());
        assert!(standing.is_good());
        standing.silent();
        assert!(!standing.is_good());
    }
}
