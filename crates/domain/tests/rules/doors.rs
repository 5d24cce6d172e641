//! Who comes in, and who they are: providers, accounts and administrators.

use gatehall_domain::*;
use uuid::Uuid;

use crate::sketch::at;

fn provider(id: &str, client: &str) -> Provider {
    Provider {
        id: id.parse().unwrap(),
        name: String::new(),
        profile: Profile::Generic,
        issuer: "https://id.example".parse().unwrap(),
        client_id: client.into(),
        client_secret: None,
        settings: Box::new(ProviderSettings { own_callback: true, ..Default::default() }),
        enabled: true,
        created_at: at(0),
    }
}

#[test]
fn whoever_is_in_the_group_administers_whoever_put_them_there() {
    let (user, group) = (UserId(Uuid::from_u128(1)), GroupId(Uuid::from_u128(2)));
    let member = |source| Membership { user, group, source, created_at: at(0) };
    let mut company = Company::default();
    company.put(
        User {
            id: user,
            email: "alice@google.example".parse().unwrap(),
            name: String::new(),
            admin: false,
            enabled: true,
            created_at: at(0),
        }
        .into(),
    );
    company.put(
        Group {
            id: group,
            name: GroupName::ADMIN.parse().unwrap(),
            description: String::new(),
            enabled: true,
            created_at: at(0),
        }
        .into(),
    );
    assert!(!company.administers(user));
    let sources = [Source::Local, Source::Import, Source::Claim("gone".into())];
    for source in sources.clone() {
        let mut company = company.clone();
        company.put(member(source.clone()).into());
        company.put(member(source.clone()).into());
        assert!(company.administers(user), "{source}");
        let admin = Snapshot::new(1, company.clone()).view(user).unwrap().admin.is_some();
        assert!(admin, "{source}");
        company.apply(&Change::Remove(member(source.clone()).into())).unwrap();
        assert!(!company.administers(user), "{source} gave it alone");
    }
    sources.clone().into_iter().for_each(|source| company.put(member(source).into()));
    for source in sources {
        assert!(company.administers(user), "another gave it, too");
        company.apply(&Change::Remove(member(source).into())).unwrap();
    }
    assert!(!company.administers(user));
}

#[test]
fn no_provider_is_called_like_open_webui() {
    for id in ["open-webui", "Open-WebUI", "open-webui-sales"] {
        let mut company = Company::default();
        let Ok(id) = id.parse::<ProviderId>() else { continue };
        let old = provider(id.as_str(), "a");
        let refused = company.apply(&Change::Add(old.clone().into())).unwrap_err();
        assert!(refused.to_string().contains("open-webui"), "{refused}");
        // One that is there from before stays, and can be changed and removed.
        company.put(old.clone().into());
        let changed = Provider { name: "other".into(), ..old.clone() };
        let (before, after) = (old.into(), changed.clone().into());
        company.apply(&Change::Replace { before, after }).unwrap();
        company.apply(&Change::Remove(changed.into())).unwrap();
    }
    Company::default().apply(&Change::Add(provider("open-webui2", "a").into())).unwrap();
}
