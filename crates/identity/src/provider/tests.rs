use gatehall_domain::{Company, Profile, ProviderSettings, Timestamp};

use super::*;

fn snapshot(revision: u64, enabled: bool) -> Snapshot {
    let mut company = Company::default();
    let provider = Provider {
        id: "id".parse().unwrap(),
        name: String::new(),
        profile: Profile::Generic,
        issuer: "https://id.example".parse().unwrap(),
        client_id: "gatehall".into(),
        client_secret: None,
        settings: Box::new(ProviderSettings::default()),
        enabled,
        created_at: Timestamp::from_micros(0),
    };
    company.put(provider.into());
    Snapshot::new(revision, company)
}

#[test]
fn an_older_revision_brings_no_provider_back() {
    let providers = Providers::new(Arc::new(Vault::ephemeral().unwrap()));
    let runs = || providers.get(&"id".parse().unwrap()).is_some();
    providers.follow(&snapshot(1, true));
    assert!(runs());
    providers.follow(&snapshot(3, false));
    assert!(!runs(), "disabled");
    providers.follow(&snapshot(2, true));
    assert!(!runs(), "what was loaded before comes later");
    providers.follow(&snapshot(4, true));
    assert!(runs(), "enabled again");
}
