//! An Open WebUI wired to this gate: what the command, the page and what runs by itself do alike.

mod account;
mod alone;
mod ask;
mod by_hand;
mod compare;
mod journal;
mod keys;
mod left_over;
mod people;
mod seen;

use gatehall_domain::{Company, Finding, KeyId, Remedy, Timestamp};
use gatehall_open_webui::{
    Account, Client, Fault, Found, KeyState, Plan, PlanRow, Record, Terms, Undone, Wish, apply,
    connection_key, key_state, look_at, plan, undo,
};
use gatehall_store::{Alone, StoreError};
use secrecy::{ExposeSecret, SecretString};

pub use account::Binding;
pub use alone::alone;
pub use ask::Whom;
pub use compare::compare;
use journal::{Kept, elsewhere, forget, read};
pub use people::tenants as wished_tenants;

use crate::{Desk, DeskError};

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum WiringError {
    /// Open WebUI is in the way.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Something here is in the way.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// The store is in the way.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was kept cannot be read.
    #[error(
        "what was recorded about this Open WebUI cannot be read ({0}): use the key file of that \
         time, or undo the setup by hand"
    )]
    Unreadable(String),
    /// The key that was given is no use.
    #[error(
        "the given key cannot be used here, because {0}: create one with gatehall key add --service"
    )]
    BadKey(&'static str),
    /// It is a fault of this program.
    #[error("this program broke in the middle, and its log has the reason: tell its makers")]
    Broken,
    /// Somebody else is at it.
    #[error(
        "something else is changing Open WebUI (a gate that follows, the portal or a command) and \
         did not finish in time: try again"
    )]
    Taken,
    /// It may be one that was set up under another address.
    #[error(
        "nothing was set up at {here}, only at {there}: if that is the same Open WebUI, use that \
         URL here too; if it is a different one, give it a name of its own"
    )]
    Elsewhere {
        /// Where it is looked for.
        here: String,
        /// Where it was set up.
        there: String,
    },
}

/// An Open WebUI, spoken to as its administrator, and what was set up there.
pub struct Wiring {
    desk: Desk,
    client: Client,
    /// The source of its accounts here: `open-webui`, or the name of one of several.
    chat: String,
    record: Record,
    /// Where else this Open WebUI was set up, if it was not here.
    elsewhere: Option<String>,
    alone: Alone,
}

/// What is to be set up.
#[derive(Debug, Clone)]
pub struct Order {
    /// What was decided.
    pub terms: Terms,
    /// The key to use; none for the one that is there, or one that is made.
    pub key: Option<SecretString>,
    /// Whether one is made in any case, in place of the one that is there.
    pub new_key: bool,
}

/// What is there, and what has to be changed.
pub struct Draft {
    /// What is there.
    pub found: Found,
    /// What has to be changed there.
    pub plan: Plan,
    key: Option<SecretString>,
    /// Keys that an earlier time made, and that nothing uses.
    idle_keys: Vec<KeyId>,
    /// Accounts of earlier checks.
    left_over: Vec<Account>,
    here: String,
    elsewhere: Option<String>,
}

impl Draft {
    /// Whether everything is as it should be.
    pub fn is_done(&self) -> bool {
        self.plan.is_done() && self.idle_keys.is_empty() && self.left_over.is_empty()
    }

    /// What people are shown.
    pub fn rows(&self) -> Vec<PlanRow> {
        let removed = |kind, name: &str, what: &str| PlanRow::new("removed", kind, name, what);
        let mut rows = self.plan.rows();
        if let Some(url) = &self.elsewhere {
            let what = "it was set up under this URL: nothing is done under a different one";
            rows.push(PlanRow::new("left", "setup", url, what));
        }
        rows.extend(self.idle_keys.iter().map(|id| {
            removed("key", id.as_str(), "it was created for this, and nothing uses it any more")
        }));
        let left = self.left_over.iter();
        rows.extend(left.map(|it| {
            removed("account", &it.email, "left over from a check that was interrupted")
        }));
        rows
    }

    /// What is wrong there, as far as it shows without asking as somebody.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = look_at(&self.found, &self.plan);
        if let Some(there) = self.elsewhere.clone() {
            let forget = format!(
                "if that one is gone: gatehall open-webui undo --gone --url {there} --apply"
            );
            let found = WiringError::Elsewhere { here: self.here.clone(), there };
            let remedy = Remedy::new(forget, "");
            findings.insert(0, Finding::doubtful("setup", found.to_string(), remedy));
        }
        findings
    }
}

impl Wiring {
    /// Reads what was set up at this Open WebUI, to which somebody is signed in as an administrator.
    /// `chat` is the source of its accounts here. Nobody else is at it meanwhile: see [`alone`].
    ///
    /// # Errors
    /// If the store cannot be read, or what it has of it.
    pub async fn open(
        alone: Alone,
        desk: Desk,
        client: Client,
        chat: String,
    ) -> Result<Self, WiringError> {
        let record = read(&desk, client.address()).await?;
        let elsewhere = match record.terms {
            Some(_) => None,
            None => elsewhere(&desk, client.address(), &chat).await?,
        };
        Ok(Self { desk, client, chat, record, elsewhere, alone })
    }

    /// Lets others at it.
    pub async fn close(self) {
        self.alone.end().await;
    }

    /// What was decided the last time at an address, to be shown.
    ///
    /// # Errors
    /// As [`Wiring::open`].
    pub async fn terms_at(desk: &Desk, address: &str) -> Result<Option<Terms>, WiringError> {
        Ok(read(desk, address).await?.terms)
    }

    /// Where else this Open WebUI was set up, if it was not here.
    pub fn elsewhere(&self) -> Option<WiringError> {
        let there = self.elsewhere.clone()?;
        Some(WiringError::Elsewhere { here: self.client.address().to_owned(), there })
    }

    /// What was decided the last time; none if nothing was set up.
    pub const fn terms(&self) -> Option<&Terms> {
        self.record.terms.as_ref()
    }

    /// Compares what is there with what is ordered. Nothing is changed.
    ///
    /// # Errors
    /// What could not be read, or found.
    pub async fn draft(&self, order: &Order) -> Result<Draft, WiringError> {
        let found = self.client.read().await?;
        let snapshot = self.desk.snapshot().await?;
        let company = snapshot.company();
        let now = self.desk.clock().now();
        let key = self.key(order, connection_key(&found.connections), company, now)?;
        let in_use = key.as_ref().and_then(|key| keys::id_of(key, company, now));
        let idle = |id: &KeyId| {
            Some(id) != in_use.as_ref() && company.keys.get(id).is_some_and(|it| it.is_live(now))
        };
        let idle_keys = self.made_keys().filter(idle).collect();
        let groups = people::groups(company, &self.chat);
        let tenants = people::tenants(company, &order.terms);
        let wish = Wish { terms: order.terms.clone(), key: key.clone(), groups, tenants };
        let plan = plan(&found, &wish, &self.record)?;
        let left_over = found.left_over().cloned().collect();
        let (here, elsewhere) = (self.client.address().to_owned(), self.elsewhere.clone());
        Ok(Draft { found, plan, key, idle_keys, left_over, here, elsewhere })
    }

    /// Does what the draft says. A second time does what a first one could not.
    ///
    /// # Errors
    /// What could not be done; or that it was set up under another address.
    pub async fn apply(&mut self, draft: &Draft) -> Result<(), WiringError> {
        self.alone.must_be_held().await?;
        // A second record would know nothing of what the first one made.
        if let Some(elsewhere) = self.elsewhere() {
            return Err(elsewhere);
        }
        let before = (self.record.terms.clone(), self.record.chat.clone());
        self.record.chat.clone_from(&self.chat);
        let key = match &draft.key {
            Some(key) => key.clone(),
            None => self.make_key().await?,
        };
        let journal = Kept::new(&self.desk, self.client.address(), &self.alone);
        apply(&self.client, &draft.plan, &key, &mut self.record, &journal).await?;
        self.end_other_keys(&key).await?;
        self.clear(&draft.found).await?;
        if !draft.is_done() || (&self.record.terms, &self.record.chat) != (&before.0, &before.1) {
            self.keep().await?;
        }
        Ok(())
    }

    /// Takes back what was set up, or only says what would be.
    ///
    /// # Errors
    /// What could not be done; a second time does the rest.
    pub async fn undo(&mut self, apply: bool) -> Result<Vec<Undone>, WiringError> {
        self.alone.must_be_held().await?;
        let mut undone = undo(&self.client, &self.record, apply).await?;
        undone.extend(self.undo_here(apply).await?);
        Ok(undone)
    }

    /// Takes back what was set up here alone: an Open WebUI that is no more is not asked.
    ///
    /// # Errors
    /// What could not be done; a second time does the rest.
    pub async fn undo_here(&mut self, apply: bool) -> Result<Vec<Undone>, WiringError> {
        self.alone.must_be_held().await?;
        let company = self.desk.snapshot().await?;
        let now = self.desk.clock().now();
        let keys = self
            .made_keys()
            .filter(|id| company.company().keys.get(id).is_some_and(|it| it.is_live(now)));
        let mut undone: Vec<Undone> =
            keys.map(|id| Undone::new("key", id.as_str(), "it is revoked")).collect();
        undone.extend(self.unbind(apply).await?);
        if apply {
            self.end_all_keys().await?;
            forget(&self.desk, self.client.address()).await?;
            self.record = Record::default();
        }
        Ok(undone)
    }

    /// The key of the connections; none if one has to be made.
    fn key(
        &self,
        order: &Order,
        there: Option<&str>,
        company: &Company,
        now: Timestamp,
    ) -> Result<Option<SecretString>, WiringError> {
        if let Some(given) = &order.key {
            return match key_state(company, given.expose_secret(), now) {
                KeyState::Good(_) => Ok(Some(given.expose_secret().trim().to_owned().into())),
                KeyState::Bad(why) => Err(WiringError::BadKey(why)),
            };
        }
        let good = |text: &&str| matches!(key_state(company, text, now), KeyState::Good(_));
        let there = there.filter(|_| !order.new_key).filter(good);
        Ok(there.map(|text| SecretString::from(text.to_owned())))
    }
}
