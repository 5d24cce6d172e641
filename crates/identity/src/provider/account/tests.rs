use gatehall_domain::{ProviderSettings, Timestamp};
use serde_json::{Value, json};

use super::*;

const TENANT: &str = "7d1f0c9e-4a52-4c3b-9d3e-2b1a0f5e6c77";

fn provider(profile: Profile, set: impl Fn(&mut ProviderSettings)) -> Provider {
    let issuer = match profile {
        Profile::Entra => format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
        _ => "https://id.example".into(),
    };
    let mut settings =
        ProviderSettings { domains: vec!["google.example".into()], ..Default::default() };
    set(&mut settings);
    Provider {
        id: "id".parse().unwrap(),
        name: "id".into(),
        profile,
        issuer: issuer.parse().unwrap(),
        client_id: "gatehall".into(),
        client_secret: None,
        settings: Box::new(settings),
        enabled: true,
        created_at: Timestamp::from_micros(0),
    }
}

fn claims(value: Value) -> Claims {
    let Value::Object(members) = value else { panic!("no object") };
    Claims::new(members)
}

#[test]
fn a_generic_provider_is_believed_about_verified_addresses_of_its_domains() {
    let strict = provider(Profile::Generic, |_| ());
    let trusted = provider(Profile::Authentik, |it| it.trust_email = true);
    let alice = Some("alice@google.example".to_owned());
    for (said, of_strict, of_trusted) in [
        (json!({"email": "Alice@Google.Example", "email_verified": true}), &alice, &alice),
        (json!({"email": "alice@google.example", "email_verified": "true"}), &alice, &alice),
        (json!({"email": "alice@google.example", "email_verified": false}), &None, &alice),
        (json!({"email": "alice@google.example"}), &None, &alice),
        (json!({"email": "alice@evil.example", "email_verified": true}), &None, &None),
        (json!({"email": " alice@google.example", "email_verified": true}), &None, &None),
        (json!({"email": "alice@google.example\u{3000}", "email_verified": true}), &None, &None),
        (json!({"email": "\u{430}lice@google.example", "email_verified": true}), &None, &None),
        (json!({"email": "a@evil.example@google.example", "email_verified": true}), &None, &None),
        (json!({"email": ["alice@google.example"], "email_verified": true}), &None, &None),
        (
            json!({"preferred_username": "alice@google.example", "email_verified": true}),
            &None,
            &None,
        ),
    ] {
        let said = claims(said);
        let of = |provider: &Provider| address(provider, &said).map(|it| it.to_string());
        assert_eq!((&of(&strict), &of(&trusted)), (of_strict, of_trusted), "{said:?}");
    }
}

#[test]
fn entra_is_believed_about_its_members() {
    let one = provider(Profile::Entra, |_| ());
    let mut several = provider(Profile::Entra, |it| it.tenant_ids = vec![TENANT.into()]);
    several.issuer = "https://login.microsoftonline.com/common/v2.0".parse().unwrap();
    let alice = "alice@google.example";
    for (said, of_one, of_several) in [
        (json!({"preferred_username": alice}), true, false),
        (json!({"email": alice, "xms_edov": true}), true, true),
        (json!({"email": alice, "xms_edov": "1"}), true, true),
        (json!({"email": alice, "acct": 0, "preferred_username": "a@google.example"}), true, false),
        (json!({"email": alice}), false, false),
        (json!({"email": alice, "acct": 1}), false, false),
        (json!({"email": alice, "preferred_username": "mallory@elsewhere.example"}), false, false),
        (json!({"preferred_username": "alice_google.example#EXT#@google.example"}), false, false),
        (
            json!({"preferred_username": alice, "idp": "https://sts.windows.net/other/"}),
            false,
            false,
        ),
        (json!({"email": alice, "email_verified": true}), false, false),
    ] {
        let said = claims(said);
        let of = |provider: &Provider| {
            address(provider, &said).is_some_and(|address| address.as_str() == alice)
        };
        assert_eq!((of(&one), of(&several)), (of_one, of_several), "{said:?}");
    }
}

#[test]
fn a_missing_claim_means_nothing_unless_it_is_said_to() {
    let word = |profile, set: fn(&mut ProviderSettings), said: Value, source| match said_of(
        &provider(profile, set),
        &claims(said),
        "groups",
        source,
    ) {
        Ok(Word::Said(values)) => values.join("+"),
        Ok(Word::Unsaid) => "unsaid".into(),
        Ok(Word::TooMany) => "too many".into(),
        Err(rejection) => rejection.rule().to_owned(),
    };
    let nothing: fn(&mut ProviderSettings) = |_| ();
    let empty: fn(&mut ProviderSettings) = |it| it.missing_is_empty = true;
    use Profile::{Entra, Generic};
    use Source::{AccessToken, SignIn};
    assert_eq!(word(Generic, nothing, json!({"groups": ["a", "b"]}), SignIn), "a+b");
    assert_eq!(word(Generic, nothing, json!({}), SignIn), "unsaid");
    assert_eq!(word(Generic, empty, json!({}), SignIn), "");
    assert_eq!(word(Generic, empty, json!({}), AccessToken), "unsaid");
    assert_eq!(word(Entra, nothing, json!({}), SignIn), "");
    assert_eq!(word(Entra, nothing, json!({}), AccessToken), "unsaid");
    let overage = json!({"_claim_names": {"groups": "src1"}});
    assert_eq!(word(Entra, nothing, overage.clone(), SignIn), "too many");
    assert_eq!(word(Generic, nothing, overage, SignIn), "unsaid");
    for wrong in [json!("a,b"), json!([1]), json!([["a"]]), json!({"a": 1}), json!(true)] {
        let said = json!({ "groups": wrong });
        assert_eq!(word(Generic, nothing, said, SignIn), "person.claim", "{wrong}");
    }
}
