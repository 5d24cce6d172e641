//! Open WebUI reads no files, so that its secrets are copied into a file of variables. Whoever
//! changes one place only keeps programs from each other.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{ComposeFolder, INIT, digest, is_set};
use crate::report::Report;

const NAME: &str = "copies of secrets";

/// Variables of Open WebUI that hold a secret, whole.
const WHOLE: [(&str, &str); 5] = [
    ("WEBUI_SECRET_KEY", "open_webui_secret_key"),
    ("FORWARD_USER_INFO_HEADER_JWT_SECRET", "open_webui_user_secret"),
    ("OPENAI_API_KEY", "openai_api_key"),
    ("RAG_OPENAI_API_KEY", "openai_api_key"),
    ("WEBUI_ADMIN_PASSWORD", "open_webui_admin_password"),
];

/// Variables of Open WebUI that hold a secret as the password of an address.
const WITHIN: [(&str, &str); 2] =
    [("DATABASE_URL", "open_webui_database_password"), ("REDIS_URL", "valkey_password")];

pub(super) fn judge(folder: &ComposeFolder, report: &mut Report) {
    let Some(chat) = &folder.chat else {
        return report.bad(NAME, "secrets/open-webui.env is not there, or cannot be read", INIT);
    };
    let mut good = true;
    let get = |name: &str| chat.get(name).filter(|it| is_set(it));
    let signs = get("FORWARD_USER_INFO_HEADER_JWT_SECRET").is_some();
    if !signs {
        good = false;
        report.bad(
            "signed user headers",
            "FORWARD_USER_INFO_HEADER_JWT_SECRET is not set for Open WebUI: it says who its users \
             are in plain headers, which the gate does not believe, so that nobody has tools",
            INIT,
        );
    }
    for (name, file) in WHOLE {
        let (Some(here), Some(there)) = (get(name), folder.secret(file).filter(is_set)) else {
            continue;
        };
        good &= compare(name, here, file, &there, report);
    }
    for (name, file) in WITHIN {
        let (Some(here), Some(there)) = (get(name), folder.secret(file).filter(is_set)) else {
            continue;
        };
        let Some(here) = password(here.expose_secret()) else { continue };
        good &= compare(&format!("the password in {name}"), &here, file, &there, report);
    }
    if good {
        report.good(NAME, "what open-webui.env repeats of the secrets is equal");
    }
}

fn compare(
    name: &str,
    here: &SecretString,
    file: &str,
    there: &SecretString,
    report: &mut Report,
) -> bool {
    let equal = here.expose_secret() == there.expose_secret();
    if !equal {
        report.bad(
            NAME,
            format!(
                "{name} in secrets/open-webui.env (SHA-256 {}…) is another than secrets/{file} \
                 (SHA-256 {}…)",
                digest(here),
                digest(there)
            ),
            "remove secrets/open-webui.env, run gatehall init compose again, and start what uses \
             it anew: docker compose up -d",
        );
    }
    equal
}

/// The password of an address, as it is meant.
fn password(address: &str) -> Option<SecretString> {
    let url = Url::parse(address).ok()?;
    let encoded = format!("p={}", url.password()?.replace('+', "%2B"));
    let (_, plain) = url::form_urlencoded::parse(encoded.as_bytes()).next()?;
    Some(SecretString::from(plain.into_owned()))
}
