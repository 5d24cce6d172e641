//! The Open WebUIs that commands ask about.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;
use gatehall_control::said_of_chats;
use gatehall_domain::OPEN_WEBUI;
use gatehall_identity::{ChatScene, ChatSetting};
use secrecy::SecretString;

use crate::{
    office::Office,
    settings::{Domains, MadeUp, OpenWebUiOptions, WiringOptions, domains, open_webuis},
};

/// How Open WebUIs are set, where no running gate says it.
#[derive(Debug, Args)]
pub(crate) struct ChatOptions {
    /// Domains about whose addresses Open WebUI is believed, separated by commas.
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_DOMAINS", value_name = "DOMAINS", value_parser = domains, default_value = "", hide_default_value = true)]
    open_webui_domains: Domains,
    /// Secret with which Open WebUI signs its user header.
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_SECRET", value_name = "SECRET", hide_env_values = true)]
    open_webui_secret: Option<SecretString>,
    /// File with that secret, in place of --open-webui-secret.
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_SECRET_FILE", value_name = "FILE")]
    open_webui_secret_file: Option<PathBuf>,
    /// TOML file with several Open WebUIs.
    #[arg(long, env = "GATEHALL_OPEN_WEBUIS", value_name = "FILE")]
    open_webuis: Option<PathBuf>,
}

impl ChatOptions {
    /// Makes sure that an Open WebUI is one of those that are set. The one without a name of its own
    /// may have its settings where nobody sees them from here.
    pub(crate) async fn must_know(&self, office: &Office, chat: &str) -> Result<()> {
        if chat == OPEN_WEBUI {
            return Ok(());
        }
        let own = self.scene(office).await?.own;
        let names: Vec<&str> = own.iter().map(|it| it.id.as_str()).collect();
        ensure!(
            names.contains(&chat),
            "--name: no gate that runs, and no file of --open-webuis (GATEHALL_OPEN_WEBUIS), has an \
             Open WebUI of the name {chat}; there is {}",
            names.join(", ")
        );
        Ok(())
    }

    /// The Open WebUIs that are set here, and what running gates say of theirs.
    pub(crate) async fn scene(&self, office: &Office) -> Result<ChatScene> {
        let gates = said_of_chats(&office.replicas().await?).collect();
        let mut scene = ChatScene { own: Vec::new(), gates };
        if let Some(said) = scene.running() {
            scene.own = said.chats.clone();
            return Ok(scene);
        }
        let set = OpenWebUiOptions {
            secret: self.open_webui_secret.as_ref(),
            secret_file: self.open_webui_secret_file.as_deref(),
            domains: &self.open_webui_domains,
            binds_admins: false,
            file: self.open_webuis.as_deref(),
            wiring: &WiringOptions::default(),
        };
        let own = open_webuis(&set, &office.data_dir, MadeUp::Read)?;
        scene.own = own.iter().map(|it| it.chat.setting()).collect();
        // Perhaps a gate would have its secret from where this cannot see it.
        if scene.own.is_empty() {
            scene.own.push(ChatSetting {
                domains: self.open_webui_domains.0.clone(),
                ..ChatSetting::unseen(OPEN_WEBUI)
            });
        }
        Ok(scene)
    }
}
