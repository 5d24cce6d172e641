//! The command from its beginning to its end.

use std::process::ExitCode;

use anyhow::{Context, Result};
use gatehall_compose_folder::secret_files::{SECRETS, SecretFile};

use super::{
    alone,
    answers::{self, Answers},
    ask::{self, Terminal},
    deployment::{Deployment, Done},
    next,
    options::ComposeOptions,
    questions::{Kind, PROFILE},
    rotate,
};
use crate::{
    output::{error, text},
    serve::wait_for_stop,
};

/// What a shell expects of a program that was interrupted.
const INTERRUPTED: u8 = 130;

pub(super) async fn run(options: ComposeOptions) -> Result<ExitCode> {
    let terminal = Terminal::now();
    let (sender, done) = tokio::sync::oneshot::channel();
    // A thread that waits for somebody who types must not keep the program from ending.
    std::thread::spawn(move || sender.send(work(&options)));
    tokio::select! {
        done = done => done.context("it ended without a word")?,
        () = wait_for_stop() => {
            terminal.restore();
            error("\nStopped. Run it again to add what is missing.");
            Ok(ExitCode::from(INTERRUPTED))
        }
    }
}

fn work(options: &ComposeOptions) -> Result<ExitCode> {
    let held = alone::hold(&options.folder)?;
    let there = Deployment::look(&options.folder);
    // First without asking: nobody should answer ten questions in vain.
    let mut answers = answers::find(options, &there, false)?;
    let mut problems = there.problems.clone();
    problems.append(&mut answers.problems);
    let can_ask = ask::is_possible();
    if problems.is_empty() && !answers.missing.is_empty() && can_ask {
        error(
            "What is in brackets is taken if you press Enter. Ctrl-C ends this; nothing is written before the last answer.\n",
        );
        answers = answers::find(options, &there, true)?;
    }
    if answers.missing.is_empty() && problems.is_empty() {
        problems.extend(answers.contradictions(&there));
        problems.extend(there.chat_problem(&answers.known));
    }
    let is_said = options.rotate.as_deref().is_some_and(|name| options.says(name));
    if let Some(name) = &options.rotate
        && let Err(error) = rotate::check(name, &answers.known, can_ask, is_said)
    {
        problems.push(format!("{error:#}"));
    }
    if !problems.is_empty() || !answers.missing.is_empty() {
        refuse(&problems, &answers);
        return Ok(ExitCode::FAILURE);
    }
    there.make_folder()?;
    // Whoever made it at the same moment may be first: then what is there already ends this run.
    let _held = match held {
        Some(held) => Some(held),
        None => alone::hold(&options.folder)?,
    };
    let mut done = there
        .complete(&answers.known, answers.values(&there))
        .context("what was made so far stays; fix this and run it again")?;
    if let Some(name) = &options.rotate {
        rotate::replace(&there, name, &mut answers.known, is_said, &mut done)?;
    }
    tell(options, &there, &answers, &done);
    Ok(ExitCode::SUCCESS)
}

/// Says all that is wrong or missing, at once.
fn refuse(problems: &[String], answers: &Answers) {
    if !problems.is_empty() {
        error("To be fixed first:");
        problems.iter().for_each(|problem| error(&format!("  - {problem}")));
    }
    if !answers.missing.is_empty() {
        error("Missing, each as a flag or a variable:");
        for question in &answers.missing {
            let what = question.text.split(['\n', '(']).next().unwrap_or_default().trim();
            error(&format!("  {:34} {:42} {what}", question.flag, question.variable()));
        }
        if answers.missing.iter().any(|it| it.kind == Kind::Secret) {
            error(
                "A secret itself may stand in the variable without _FILE: GATEHALL_OPENAI_API_KEY, \
                 for example, which is none where the endpoint asks for no key.",
            );
        }
        if answers.missing.iter().any(|it| it.name == PROFILE) {
            error("With --provider authentik-here nothing else of the provider is needed.");
        }
    }
    error("Nothing was written.");
}

fn tell(options: &ComposeOptions, there: &Deployment, answers: &Answers, done: &Done) {
    for (what, names) in [("Made", &done.made), ("Changed", &done.changed)] {
        if !names.is_empty() {
            text(&format!("{what} in {}:", there.folder.display()));
            names.iter().for_each(|name| text(&format!("  {name}")));
        }
    }
    if done.made.is_empty() && done.changed.is_empty() {
        text("Everything is there already.");
    }
    let is_new = |it: &SecretFile| !there.secrets.contains_key(it.name);
    let has_lost = there.variable("DOMAIN").is_some() && SECRETS.iter().any(is_new);
    next::remind(&Deployment::look(&options.folder), &answers.known, has_lost);
    match &options.rotate {
        Some(name) => {
            let (meaning, steps) = rotate::meaning(name, &answers.known);
            text(&format!("\n{meaning}\nTo have everything know it:"));
            steps.iter().for_each(|step| text(&format!("  {step}")));
        }
        None => next::tell(&answers.known),
    }
}
