//! Whether the provider that is named is one, before anything is started with it.

use gatehall_domain::Finding;
use url::Url;

use super::compose_folder::ComposeFolder;
use crate::{
    ask::{fetch, without_user},
    senses::Senses,
};

const NAME: &str = "provider in .env";

/// Where a provider says what it is, below its issuer.
const METADATA: &str = "/.well-known/openid-configuration";

pub(super) async fn look(folder: &ComposeFolder, senses: &Senses, report: &mut Vec<Finding>) {
    let Some(issuer) = folder.variable("PROVIDER_ISSUER") else { return };
    let Ok(url) = Url::parse(&format!("{}{METADATA}", issuer.trim_end_matches('/'))) else {
        return;
    };
    let answer = fetch(&url, url.path(), senses).await;
    let url = without_user(&url);
    let answer = match answer {
        Ok(answer) => answer,
        // One of our own is not there before it is started.
        Err(why) if folder.has_authentik() => {
            let found = format!("{url} does not answer yet: {why}");
            return report.push(Finding::unknown(NAME, found, "docker compose up -d --wait"));
        }
        Err(why) => {
            return report.push(Finding::bad(
                NAME,
                format!("{url} cannot be read: {why}"),
                "correct PROVIDER_ISSUER: it is what the provider calls issuer, without anything \
                 behind it (docs/providers has each kind)",
            ));
        }
    };
    let metadata = answer.json();
    let said = metadata.as_ref().and_then(|it| it["issuer"].as_str());
    match said {
        Some(said) if said == issuer => {
            report.push(Finding::good(NAME, format!("{issuer} is what it says")))
        }
        Some(said) => report.push(Finding::bad(
            NAME,
            format!("it calls itself {said}, and PROVIDER_ISSUER is {issuer}"),
            format!("set PROVIDER_ISSUER to exactly {said}, if that is the one you mean"),
        )),
        None => report.push(Finding::bad(
            NAME,
            format!("{url} is no metadata of a provider ({})", answer.status),
            "correct PROVIDER_ISSUER: a letter may be wrong, or a part of its path missing",
        )),
    }
}
