use gatehall_domain::{GroupId, UserId};
use serde::{Deserialize, Serialize};

use crate::{client::Object, narrow::Narrowed, wish::Terms};

/// What was done at an Open WebUI, so that it can be taken back, and done again where it was broken
/// off. It holds keys of connections that were there before: whoever keeps it seals it.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Record {
    /// The source of its accounts here; empty in what older versions kept.
    #[serde(default)]
    pub chat: String,
    /// What was decided the last time.
    pub terms: Option<Terms>,
    /// The service keys that were made for it.
    #[serde(default)]
    pub keys: Vec<String>,
    /// The accounts there that were bound to users here: user, and account.
    #[serde(default)]
    pub bound: Vec<(UserId, String)>,
    #[serde(default)]
    pub(crate) connections: Vec<KeptConnection>,
    #[serde(default)]
    pub(crate) models: Vec<KeptModel>,
    #[serde(default)]
    pub(crate) groups: Vec<KeptGroup>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct KeptConnection {
    /// As chats name it.
    pub(crate) id: String,
    /// Where it leads since.
    pub(crate) url: String,
    /// What stood there before.
    pub(crate) before: Option<Object>,
    /// What was made of it; not in what older versions kept.
    #[serde(default)]
    pub(crate) made: Option<Object>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct KeptModel {
    pub(crate) id: String,
    /// It was not registered before.
    pub(crate) created: bool,
    /// The tools that were switched on.
    pub(crate) tools: Vec<String>,
    /// Everybody was let in.
    pub(crate) opened: bool,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct KeptGroup {
    /// At Gatehall.
    pub(crate) group: GroupId,
    /// At Open WebUI.
    pub(crate) id: String,
}

impl Record {
    /// What was there before the first time counts, not what an earlier time made.
    pub(crate) fn note_connection(
        &mut self,
        id: String,
        url: String,
        before: Option<&Object>,
        made: &Object,
    ) {
        let made = Some(made.clone());
        match self.connections.iter_mut().find(|it| it.id == id) {
            Some(kept) => (kept.url, kept.made) = (url, made),
            None => {
                self.connections.push(KeptConnection { id, url, before: before.cloned(), made });
            }
        }
    }

    pub(crate) fn connection(&self, id: &str) -> Option<&KeptConnection> {
        self.connections.iter().find(|it| it.id == id)
    }

    pub(crate) fn note_model(&mut self, id: &str, created: bool, tools: Vec<String>, opened: bool) {
        let Some(kept) = self.models.iter_mut().find(|it| it.id == id) else {
            let id = id.to_owned();
            return self.models.push(KeptModel { id, created, tools, opened });
        };
        kept.created |= created;
        kept.opened |= opened;
        let new = tools.into_iter().filter(|it| !kept.tools.contains(it)).collect::<Vec<_>>();
        kept.tools.extend(new);
    }

    pub(crate) fn tools_of(&self, model: &str) -> Vec<String> {
        let kept = self.models.iter().find(|it| it.id == model);
        kept.map(|it| it.tools.clone()).unwrap_or_default()
    }

    /// What was taken back at a model is known no more.
    pub(crate) fn forget_model(&mut self, gone: &Narrowed) {
        if let Some(kept) = self.models.iter_mut().find(|it| it.id == gone.id) {
            kept.tools.retain(|it| !gone.tools.contains(it));
            kept.opened &= !gone.close;
        }
        let over = |it: &KeptModel| gone.unregister || (it.tools.is_empty() && !it.opened);
        self.models.retain(|it| it.id != gone.id || !over(it));
    }

    pub(crate) fn note_group(&mut self, group: GroupId, id: &str) {
        self.groups.retain(|it| it.group != group);
        self.groups.push(KeptGroup { group, id: id.to_owned() });
    }

    pub(crate) fn has_group(&self, id: &str) -> bool {
        self.groups.iter().any(|it| it.id == id)
    }
}
