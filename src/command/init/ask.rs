//! Asks a person at a terminal.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Context, Result, bail};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use super::questions::{Kind, Known, Question};
use crate::output::error;

/// Whether there is somebody to ask.
pub(super) fn is_possible() -> bool {
    io::stdin().is_terminal()
}

/// How the terminal was.
pub(super) struct Terminal(Option<Termios>);

impl Terminal {
    pub(super) fn now() -> Self {
        Self(tcgetattr(io::stdin()).ok())
    }

    /// Has it show again what is typed.
    pub(super) fn restore(&self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }

    /// Has it show nothing of what is typed, but for the line's end.
    fn hide(self) -> Result<Hidden> {
        let mut hidden = self.0.clone().context("the terminal cannot hide what is typed")?;
        hidden.local_modes.remove(LocalModes::ECHO);
        hidden.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(io::stdin(), OptionalActions::Now, &hidden)
            .context("the terminal cannot hide what is typed")?;
        Ok(Hidden(self))
    }
}

/// A terminal that shows nothing of what is typed, until this is dropped.
struct Hidden(Terminal);

impl Drop for Hidden {
    fn drop(&mut self) {
        self.0.restore();
    }
}

/// Asks until the answer is right.
///
/// # Errors
/// If nobody answers.
pub(super) fn ask(question: &Question, known: &Known) -> Result<String> {
    let usual = (question.usual)(known);
    loop {
        // Before it is asked, so that nothing is shown of what is typed at once.
        let _hidden = match question.kind {
            Kind::Secret => Some(Terminal::now().hide()?),
            Kind::Variable | Kind::Provider => None,
        };
        let hint = usual.as_ref().map(|usual| format!(" [{usual}]")).unwrap_or_default();
        let _ = write!(io::stderr(), "{}{hint}: ", question.text);
        let _ = io::stderr().flush();
        let line = line()?;
        let said = match (line.trim(), &usual) {
            ("", Some(usual)) => usual,
            ("", None) => continue,
            (said, _) => said,
        };
        match (question.check)(said, known) {
            Ok(answer) => return Ok(answer),
            Err(problem) => error(&format!("  {problem}")),
        }
    }
}

fn line() -> Result<String> {
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line).context("the answer cannot be read")? == 0 {
        bail!("the input ended before every question was answered, so nothing was written");
    }
    Ok(line)
}
