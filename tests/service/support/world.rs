use std::{path::Path, sync::Arc};

use gatehall::{
    serve::Service,
    settings::{Domains, ProcessSettings, ServeSettings, StoreSettings},
    system_clock,
};
use gatehall_control::{
    Desk, DeskError,
    import::{Choice, read},
    operation::key::{KeyOrder, add},
};
use gatehall_domain::{Change, Snapshot};
use gatehall_gateway::StdioUids;
use gatehall_store::{Actor, Store};
use gatehall_test_support::{Database, Kind};
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::net::TcpListener;

use super::Client;

/// What Open WebUI signs with in tests.
pub(crate) const SECRET: &str = "the secret of the tests, long enough";

/// A company, its store, and a gate that serves it.
pub(crate) struct World {
    pub(crate) desk: Desk,
    pub(crate) service: Service,
    pub(crate) database: Database,
    settings: ServeSettings,
}

impl World {
    /// A gate in front of this company, which is a file as `import` reads it.
    pub(crate) async fn new(kind: Kind, company: Value) -> Self {
        Self::with(kind, company, |_| ()).await
    }

    /// The same with settings of its own.
    pub(crate) async fn with(kind: Kind, company: Value, set: impl Fn(&mut ServeSettings)) -> Self {
        gatehall::choose_crypto();
        let database = Database::new(kind);
        let mut settings = ServeSettings {
            open_webui_secret: Some(SECRET.into()),
            drain_seconds: 1,
            ..ServeSettings::default()
        };
        settings.doors.open_webui_domains =
            Domains(["google.example", "microsoft.example"].map(str::to_owned).to_vec());
        // Tests call more often than people.
        settings.doors.user_calls_per_minute = 0;
        set(&mut settings);
        let vault =
            gatehall_vault::load_or_create(&database.folder.path().join("vault.keys")).unwrap();
        let store = Store::open(&database.url).await.unwrap();
        store.check_vault(&vault).await.unwrap();
        let desk = Desk::new(store, Arc::new(vault), system_clock(), Actor::command_line());
        import(&desk, company).await;
        let service = serve(&database, &settings).await;
        Self { desk, service, database, settings }
    }

    /// Another gate on the same store.
    pub(crate) async fn replica(&self) -> Service {
        serve(&self.database, &self.settings).await
    }

    /// Another gate on the same store and with the same keys, with a data folder and settings of
    /// its own.
    pub(crate) async fn elsewhere(
        &self,
        data_dir: &Path,
        set: impl Fn(&mut ServeSettings),
    ) -> anyhow::Result<Service> {
        let mut settings = self.settings.clone();
        set(&mut settings);
        let keys = self.database.folder.path().join("vault.keys");
        let store = StoreSettings {
            data_dir: Some(data_dir.to_owned()),
            vault_keys: Some(keys),
            ..store_settings(&self.database)
        };
        Service::open(&store, &settings, TcpListener::bind("127.0.0.1:0").await?).await
    }

    /// Applies an operation and waits until the gate has it.
    pub(crate) async fn change(
        &self,
        mut operation: impl FnMut(&Snapshot) -> Result<Vec<Change>, DeskError>,
    ) {
        self.desk.change(|snapshot| Ok((operation(snapshot)?, ()))).await.unwrap();
        self.catch_up().await;
    }

    /// Waits until the gate serves the newest revision.
    pub(crate) async fn catch_up(&self) {
        let newest = self.desk.store().revision().await.unwrap();
        super::eventually("the gate serves the newest revision", async || {
            let ready: Value = self.get("/ready").await;
            (ready["revision"].as_u64().unwrap_or(0) >= newest).then_some(())
        })
        .await;
    }

    /// A client with a fresh key of this user.
    pub(crate) async fn user(&self, email: &str) -> Client {
        let key = self.key(Some(email), None).await;
        Client::new(self.address(), &key)
    }

    /// A client with a fresh service key, perhaps limited to a tenant.
    pub(crate) async fn service_client(&self, tenant: Option<&str>) -> Client {
        let key = self.key(None, tenant).await;
        Client::new(self.address(), &key)
    }

    /// A fresh key, which the gate already knows.
    pub(crate) async fn key(&self, email: Option<&str>, tenant: Option<&str>) -> String {
        let order = KeyOrder {
            name: "test".into(),
            user: email.map(|email| email.parse().unwrap()),
            tenant: tenant.map(|tenant| tenant.parse().unwrap()),
            manage: false,
            expires_at: None,
        };
        let now = self.desk.clock().now();
        let key = self.desk.change(|snapshot| add(snapshot.company(), &order, now)).await.unwrap();
        self.catch_up().await;
        key.text.expose_secret().to_owned()
    }

    /// Where the gate listens: `http://…`.
    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.service.address)
    }

    async fn get(&self, path: &str) -> Value {
        let response = reqwest::get(format!("{}{path}", self.address())).await.unwrap();
        response.json().await.unwrap()
    }

    /// Waits until the catalogue holds this many tools.
    pub(crate) async fn has_tools(&self, count: u64) {
        super::eventually("the catalogue is complete", async || {
            (self.get("/ready").await["tools"] == count).then_some(())
        })
        .await;
    }
}

async fn import(desk: &Desk, company: Value) {
    let entries = read("company.json", &company.to_string()).unwrap();
    let plan = desk.import(&entries, Choice::default()).await.unwrap();
    assert!(plan.is_sound(), "{plan:#?}");
}

fn store_settings(database: &Database) -> StoreSettings {
    StoreSettings {
        data_dir: Some(database.folder.path().to_owned()),
        database: Some(database.url.clone()),
        database_password_file: None,
        vault_keys: None,
        // One that every test has.
        secret_variables: vec!["CARGO_PKG_NAME".parse().unwrap()],
        config: None,
        processes: ProcessSettings { stdio_uids: StdioUids::None, stdio_homes: None },
    }
}

async fn serve(database: &Database, settings: &ServeSettings) -> Service {
    let store = store_settings(database);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let service = Service::open(&store, settings, listener).await.unwrap();
    service.first_answers().await;
    service
}
