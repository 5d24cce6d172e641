//! `gatehall demo`: a fresh example company with real tool servers behind the gate.

mod company;
mod http;
mod large;
mod stdio;
mod tools;

use std::{fs::Permissions, os::unix::fs::PermissionsExt, process::ExitCode};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use gatehall_gateway::Tasks;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use crate::{
    admin_link,
    office::Office,
    output, running,
    serve::{self, Service},
    settings::{Domains, MadeUp, ServeSettings, StoreSettings, open_webuis},
};

/// Serve an example company: three tenants, four users and two tool servers, or very many.
#[derive(Debug, Args)]
pub struct DemoOptions {
    /// Print one line of JSON when ready, for scripts.
    #[arg(long)]
    json: bool,
    /// How large the company is.
    #[arg(long, value_enum, default_value_t = Size::Small)]
    size: Size,
    #[command(flatten)]
    serve: ServeSettings,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Size {
    /// Small enough to know everybody.
    Small,
    /// 15,000 users, 200 tenants, 5,000 tools.
    Company,
}

/// A tool server of the demo.
#[derive(Debug, Args)]
pub struct ServerOptions {
    /// Which one.
    which: Which,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Which {
    /// Issues of a code host, over standard input and output.
    Issues,
}

/// What the demo tells.
#[derive(Serialize)]
struct Told {
    url: String,
    users: Vec<DemoUser>,
    service_key: String,
    open_webui_secret: String,
    /// Signs the administrator in with a browser, once.
    admin_link: Option<String>,
}

#[derive(Serialize)]
struct DemoUser {
    email: &'static str,
    key: String,
}

pub(crate) fn server(options: ServerOptions) -> Result<ExitCode> {
    match options.which {
        Which::Issues => stdio::serve(&tools::issues()),
    }
}

pub(crate) async fn command(
    mut store: StoreSettings,
    mut options: DemoOptions,
) -> Result<ExitCode> {
    // Whoever tries it out may try it as hard as they like.
    options.serve.doors.user_calls_per_minute = 0;
    options.serve.doors.unproven_requests_per_minute = 0;
    // Its people are made up, and so is whoever vouches for them.
    let doors = &options.serve.doors;
    if doors.open_webui_domains.0.is_empty() && doors.open_webuis.is_none() {
        let domains = ["google.example", "microsoft.example", "company.example"];
        options.serve.doors.open_webui_domains = Domains(domains.map(str::to_owned).into());
        options.serve.doors.open_webui_binds_admins = true;
    }
    // Without a folder of its own the demo leaves nothing behind.
    let folder = match store.data_dir {
        Some(_) => None,
        None => Some(tempfile::tempdir().context("making a folder for the demo")?),
    };
    if let Some(folder) = &folder {
        store.data_dir = Some(folder.path().to_owned());
        store.database = None;
        store.database_password_file = None;
        store.vault_keys = None;
    }
    // Others than the gate live there, so they have to be able to enter.
    let mut homes = tempfile::Builder::new();
    let homes = homes.prefix("gatehall-stdio-").permissions(Permissions::from_mode(0o711));
    let homes = match (&folder, &store.processes.stdio_homes) {
        (Some(_), None) => Some(homes.tempdir().context("making homes for the demo's servers")?),
        _ => None,
    };
    if let Some(homes) = &homes {
        store.processes.stdio_homes = Some(homes.path().to_owned());
    }
    let office = Office::open(&store).await?;
    let documents = Tasks::new();
    let address = http::start(&documents).await?;
    let keys = company::prepare(&office.desk(), address).await?;
    if options.size == Size::Company {
        large::prepare(&office, address).await?;
    }
    let chats = open_webuis(&options.serve.open_webuis(), &office.data_dir, MadeUp::Make)?;
    let secret = chats.into_iter().next().map(|it| it.chat.secret).unwrap_or_default();

    let listener = serve::bind(options.serve.listen).await?;
    let public_url = options.serve.doors.public_url(listener.local_addr()?);
    let admin_link = match public_url {
        Some(url) => Some(admin_link::make(&office, None, &url).await?.url),
        None => None,
    };
    let _note = running::note(&office.gate(listener.local_addr()?));
    let service = Service::start(office, &options.serve, listener).await?;
    service.first_answers().await;
    let told = tell(&service, &keys, &secret, admin_link);
    match options.json {
        true => output::text(&serde_json::to_string(&told)?),
        false => output::text(&page(&told)),
    }
    serve::wait_for_stop().await;
    service.stop(serve::wait_for_stop()).await;
    documents.finish(std::time::Duration::from_secs(2)).await;
    Ok(ExitCode::SUCCESS)
}

fn tell(
    service: &Service,
    keys: &company::Keys,
    secret: &SecretString,
    admin_link: Option<String>,
) -> Told {
    let text = |key: &SecretString| key.expose_secret().to_owned();
    Told {
        url: format!("http://{}", service.address),
        users: keys.users.iter().map(|(email, key)| DemoUser { email, key: text(key) }).collect(),
        service_key: text(&keys.service),
        open_webui_secret: text(secret),
        admin_link,
    }
}

fn page(told: &Told) -> String {
    let url = &told.url;
    let key = |email: &str| {
        told.users.iter().find(|user| user.email == email).map_or("", |user| &user.key)
    };
    let list = |who: &str, email: &str| {
        format!(
            "  # what {who} may use\n  curl -s {url}/mcp -H 'Authorization: Bearer {}' \\\n    \
             -H 'Content-Type: application/json' \\\n    \
             -d '{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}}' | grep -o '\"name\":\"[^\"]*\"'\n",
            key(email)
        )
    };
    let mut text = format!("\nGatehall's demo company is at {url}. Ctrl-C ends it.\n\n");
    for user in &told.users {
        text.push_str(&format!("  {:24} {}\n", user.email, user.key));
    }
    text.push_str("\nThree people, three lists, to paste into another terminal:\n\n");
    text.push_str(&list("Alice of Google", "alice@google.example"));
    text.push_str(&list("Bob of Microsoft", "bob@microsoft.example"));
    text.push_str(&list("Ines, who works for both,", "ines@company.example"));
    text.push_str(&format!(
        "\nAnd a refusal: Alice calls a tool of Microsoft's.\n\n  \
         curl -s {url}/tools/microsoft_documents_search_documents \\\n    \
         -H 'Authorization: Bearer {}' -H 'Content-Type: application/json' -d '{{\"query\":\"plan\"}}'\n\n\
         For Open WebUI: MCP server {url}/mcp with key {}\nand FORWARD_USER_INFO_HEADER_JWT_SECRET={}\n",
        key("alice@google.example"),
        told.service_key,
        told.open_webui_secret
    ));
    if let Some(link) = &told.admin_link {
        text.push_str(&format!("Ada, the administrator, signs in once with {link}\n"));
    }
    text
}
