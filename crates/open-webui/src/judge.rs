//! What an Open WebUI says of itself to everybody, judged.

use gatehall_domain::Finding;
use serde_json::Value;

use crate::{Known, Version};

/// Judges the version and the settings that `/api/config` says. What a setting is that it does not
/// say may be known otherwise.
pub fn judge(config: &Value, sign_up: Option<bool>) -> Vec<Finding> {
    let mut findings = vec![version(config["version"].as_str().unwrap_or_default())];
    findings.extend(settings(config, sign_up));
    findings
}

fn version(said: &str) -> Finding {
    const NAME: &str = "Open WebUI's version";
    let Ok(version) = said.parse::<Version>() else {
        let found = format!("\"{said}\" is none that is known");
        return Finding::unknown(NAME, found, "look at its image; 0.12 was tried");
    };
    match version.known() {
        Known::Yes => Finding::good(NAME, format!("Open WebUI {said}, of the line that was tried")),
        Known::TooOld => Finding::bad(
            NAME,
            format!("Open WebUI {said} does not sign who asks, so that nobody has tools"),
            "take 0.12 or newer (OPEN_WEBUI_IMAGE), after a dump of its database; \
             docs/open-webui.md has a tool in Python for versions before 0.9.6",
        ),
        Known::Older => Finding::doubtful(
            NAME,
            format!("Open WebUI {said} signs who asks, and was not tried: 0.12 was"),
            "take 0.12 (OPEN_WEBUI_IMAGE), after a dump of its database, or see what a chat with \
             tools does",
        ),
        Known::Newer => Finding::doubtful(
            NAME,
            format!("Open WebUI {said} is newer than those that were tried, 0.12"),
            "see whether Gatehall has a newer release, and try a chat with tools",
        ),
    }
}

fn settings(config: &Value, sign_up: Option<bool>) -> Vec<Finding> {
    const NAME: &str = "Open WebUI's settings";
    let is = |name: &str| config["features"][name].as_bool();
    let has_nobody = config["onboarding"].as_bool() == Some(true);
    let mut findings = Vec::new();
    match is("auth") {
        Some(true) => {}
        Some(false) => findings.push(Finding::bad(
            NAME,
            "WEBUI_AUTH is off: whoever reaches it is its administrator",
            "take WEBUI_AUTH=false out of its environment",
        )),
        None => findings.push(Finding::unknown(
            NAME,
            "whether people sign in there at all is not said",
            "look whether WEBUI_AUTH=false is in its environment",
        )),
    }
    if has_nobody {
        findings.push(Finding::doubtful(
            NAME,
            "it has no account yet: whoever signs in first becomes its administrator",
            "sign in first, as the one whom ADMIN_EMAIL names",
        ));
    }
    match is("enable_signup").or(sign_up) {
        // So the first account is made.
        Some(true) if has_nobody => {}
        Some(true) => findings.push(Finding::bad(
            NAME,
            "sign-up is open: whoever reaches it makes an account with any address, that of an \
             administrator of the gate, too",
            "set ENABLE_SIGNUP=false, or switch New Sign Ups off on its page (Settings, \
             Authentication) where its database has the setting already",
        )),
        Some(false) => {}
        None => findings.push(Finding::unknown(
            NAME,
            "whether sign-up is open is not said",
            "look at its page (Settings, Authentication)",
        )),
    }
    if findings.is_empty() {
        let how = match (is("auth_trusted_header"), is("enable_login_form")) {
            (Some(true), _) => "it takes the gate's word for who somebody is",
            (_, Some(true)) => "it signs people in itself, with passwords too",
            _ => "it signs people in itself",
        };
        findings.push(Finding::good(NAME, format!("sign-up is closed; {how}")));
    }
    findings
}

#[cfg(test)]
mod tests {
    use gatehall_domain::Health::{self, Bad, Doubtful, Good, Unknown};
    use serde_json::json;

    use super::*;

    fn worst(version: &str, feature: &str, value: Value) -> (Health, String) {
        let mut config = json!({
            "version": version,
            "features": {
                "auth": true, "auth_trusted_header": true, "enable_signup": false,
                "enable_login_form": false,
            },
        });
        match feature {
            "onboarding" => config[feature] = value,
            feature => config["features"][feature] = value,
        }
        let all = judge(&config, None);
        let worst = all.iter().find(|it| it.state != Good).unwrap_or(&all[1]);
        (worst.state, worst.found.clone())
    }

    #[test]
    fn versions_and_settings_are_judged() {
        for (version, expected) in [
            ("0.12.4", Good),
            ("0.12.0", Good),
            ("0.13.0", Doubtful),
            ("1.0.0", Doubtful),
            ("0.11.9", Doubtful),
            ("0.9.5", Bad),
            ("main", Unknown),
        ] {
            assert_eq!(worst(version, "x", Value::Null).0, expected, "{version}");
        }
        for (feature, value, expected, says) in [
            ("x", Value::Null, Good, "the gate's word"),
            ("auth_trusted_header", false.into(), Good, "signs people in itself"),
            ("enable_signup", true.into(), Bad, "sign-up is open"),
            ("enable_signup", Value::Null, Unknown, "not said"),
            ("auth", false.into(), Bad, "WEBUI_AUTH is off"),
            ("auth", Value::Null, Unknown, "at all is not said"),
            ("onboarding", true.into(), Doubtful, "first becomes its administrator"),
        ] {
            let (health, found) = worst("0.12.4", feature, value);
            assert_eq!(health, expected, "{feature}");
            assert!(found.contains(says), "{found}");
        }
    }

    #[test]
    fn sign_up_that_only_an_administrator_sees_counts() {
        let config = json!({"version": "0.12.4", "features": {"auth": true}});
        assert_eq!(judge(&config, Some(true))[1].state, Bad);
        assert_eq!(judge(&config, Some(false))[1].state, Good);
    }

    #[test]
    fn a_version_is_shown_without_what_moves_the_cursor() {
        let config = json!({"version": "0.12\u{1b}[2J\r\u{202e}", "features": {}});
        let found = judge(&config, None).remove(0).found;
        assert_eq!(found, "\"0.12 [2J \" is none that is known");
    }
}
