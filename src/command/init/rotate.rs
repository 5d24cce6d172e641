//! Replaces one secret, and says what that takes.

use anyhow::{Context, Result, bail};
use gatehall_compose_folder::secret_files::{FOLDER, Kind, MODEL, PROVIDER, READ, SECRETS};
use secrecy::ExposeSecret;

use super::{
    ask,
    deployment::{Deployment, Done, fresh},
    draft,
    questions::{Known, QUESTIONS},
};

/// What it takes to have everything know a new secret.
const AGAIN: &str = "docker compose up -d --wait --force-recreate";

/// Whether there is something to replace it by.
///
/// # Errors
/// If not, with the way there is.
pub(super) fn check(name: &str, known: &Known, can_ask: bool, is_said: bool) -> Result<()> {
    match name {
        "open_webui_admin_password" | "authentik_admin_password" => bail!(
            "{name} counts only when the program starts for the first time: change the password on \
             its pages"
        ),
        MODEL | PROVIDER => {
            let is_made_up = name == PROVIDER && known.has_authentik();
            if is_said || can_ask || is_made_up {
                return Ok(());
            }
            let question = QUESTIONS.iter().find(|it| it.name == name);
            let flag = question.map(|it| it.flag).unwrap_or_default();
            bail!("somebody else makes up the new {name}: say it with {flag}")
        }
        _ => Ok(()),
    }
}

/// Puts a new secret in place of the one that is there.
///
/// # Errors
/// If nobody says it, or it cannot be written.
pub(super) fn replace(
    there: &Deployment,
    name: &str,
    known: &mut Known,
    is_said: bool,
    done: &mut Done,
) -> Result<()> {
    let file = SECRETS.iter().find(|it| it.name == name).context("there is no such secret")?;
    // One that was missing is new already.
    let Some(before) = there.secrets.get(file.name) else { return Ok(()) };
    if file.kind == Kind::Said && !is_said {
        known.secrets.remove(file.name);
        let question = QUESTIONS.iter().find(|it| it.name == name && !it.is_made_up(known));
        if let Some(question) = question {
            let answer = ask::ask(question, known)?;
            known.take(question, answer);
        }
    }
    let secret = fresh(file, known, Some(before))?;
    let path = there.folder.join(FOLDER).join(file.name);
    draft::replace(&path, secret.expose_secret().as_bytes(), READ)
        .with_context(|| format!("writing {}", path.display()))?;
    done.changed.push(format!("{FOLDER}/{name} (a new one)"));
    there.renew_chat(done)
}

/// What a new secret means, and what is to be done.
pub(super) fn meaning(name: &str, known: &Known) -> (&'static str, Vec<&'static str>) {
    match name {
        "open_webui_secret_key" => (
            "Signs everybody out of Open WebUI; the gate signs them in again by itself. What Open \
             WebUI sealed with the old one (tokens of OAuth, second factors) cannot be read any more.",
            vec![AGAIN],
        ),
        "open_webui_user_secret" => {
            ("Signs nobody out. Turns of chats that are under way lose their tools.", vec![AGAIN])
        }
        "authentik_secret_key" => ("Signs everybody out of Authentik.", vec![AGAIN]),
        "valkey_password" => ("Signs nobody out. Open chats connect again.", vec![AGAIN]),
        "vault.keys" => (
            "Signs nobody out. The new key seals from now on; the old ones stay in the file, since \
             what they sealed is opened with them.",
            vec![AGAIN],
        ),
        PROVIDER if known.has_authentik() => (
            "Signs nobody out. Until both know the new one, nobody can sign in.",
            vec![
                AGAIN,
                "docker compose exec authentik-worker ak apply_blueprint gatehall/gatehall.yaml",
            ],
        ),
        _ => ("Signs nobody out.", vec![AGAIN]),
    }
}
