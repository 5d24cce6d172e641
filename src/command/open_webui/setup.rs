use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use gatehall_control::wiring::{Binding, Order, Whom, Wiring};
use gatehall_domain::EmailAddress;
use gatehall_open_webui::{Found, Known};
use secrecy::SecretString;

use super::{
    access::{NEEDED, at_open_webui},
    by_hand,
    setup_options::SetupOptions,
    show,
};
use crate::{command::findings as found, office::Office, output::error, settings::StoreSettings};

pub(super) async fn run(settings: &StoreSettings, options: SetupOptions) -> Result<ExitCode> {
    let office = Office::of_gate(settings).await?;
    if options.skip_without_proof && !options.access.has_proof() {
        error(&format!("Open WebUI is not set up by this: {NEEDED}."));
        return Ok(ExitCode::SUCCESS);
    }
    let admin = options.access.admin_email();
    if !options.access.has_proof() {
        ensure!(!options.apply && admin.is_none(), NEEDED);
        return by_hand::run(&office, &options).await;
    }
    ensure!(
        !options.bind_admin || admin.is_some(),
        "--bind-admin needs --admin-email: whose account it is"
    );
    ensure!(
        options.write.is_none(),
        "--write is for setting it up by hand: leave the administrator's proof out"
    );
    // What is wrong of the options is said before anything is done.
    let access = options.access.access(&office).await?;
    options.chats.must_know(&office, &access.chat).await?;
    let whom = options.test.whom(&access.proof, office.store.load().await?.company())?;
    let key = options.given_key()?;
    let work =
        async |wiring: &mut Wiring| work(&office, &options, wiring, key, whom.as_ref()).await;
    at_open_webui(&office, access, options.apply, work).await
}

async fn work(
    office: &Office,
    options: &SetupOptions,
    wiring: &mut Wiring,
    key: Option<SecretString>,
    whom: Option<&Whom>,
) -> Result<ExitCode> {
    let snapshot = office.store.load().await?;
    let terms = options.terms.terms(wiring.terms(), &snapshot)?;
    let mut order = Order { terms, key, new_key: options.new_key };
    let draft = wiring.draft(&order).await?;
    let too_old = draft.found.version().is_some_and(|it| it.known() == Known::TooOld);
    let binding = binding(options, wiring, &draft.found).await?;
    let mut rows = draft.rows();
    rows.extend(binding.as_ref().map(|(email, it)| show::binding(email, it)));
    let count = show::changes(&rows);
    if !options.apply || too_old {
        let findings = draft.findings();
        // What has to be changed is in the plan.
        let planned =
            |subject: &str| rows.iter().any(|row| subject == format!("{} {}", row.kind, row.name));
        let findings: Vec<_> = findings.into_iter().filter(|it| !planned(&it.subject)).collect();
        match options.format.json {
            true => show::json(&rows, &findings)?,
            false => {
                show::plan(&rows, options.all);
                found::print(&findings, "");
            }
        }
        ensure!(!too_old, "Open WebUI {} is too old: nothing was changed", draft.found.version);
        match count {
            0 => error("Everything is as it should be."),
            count => error(&format!("Changes: {count}. Apply them with --apply.")),
        }
        return Ok(ExitCode::SUCCESS);
    }
    if !options.format.json {
        show::plan(&rows, options.all);
    }
    wiring.apply(&draft).await.context(
        "not all of the plan was applied: fix the cause that follows, and run this again to apply the \
         rest",
    )?;
    if let Some((email, binding)) = &binding {
        wiring.bind(email, binding).await?;
    }
    match count {
        0 => error("Everything is as it should be."),
        count => error(&format!("Applied. Changes: {count}.")),
    }
    order.new_key = false;
    let findings = super::check::findings(office, &options.chats, wiring, &order, whom).await?;
    match options.format.json {
        true => show::json(&rows, &findings)?,
        false => found::print(&findings, ""),
    }
    Ok(found::exit(&findings))
}

/// The administrator whose account is to be bound, and what becomes of it.
async fn binding(
    options: &SetupOptions,
    wiring: &Wiring,
    found: &Found,
) -> Result<Option<(EmailAddress, Binding)>> {
    match options.access.admin_email().cloned().filter(|_| options.bind_admin) {
        Some(email) => {
            let binding = wiring.binding(found, &email).await?;
            Ok(Some((email, binding)))
        }
        None => Ok(None),
    }
}
