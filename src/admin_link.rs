//! Links that sign a user in once: the way in before there is any provider.

use anyhow::{Context, Result};
use gatehall_control::operation::user::{self, NewUser};
use gatehall_domain::{EmailAddress, Snapshot, Timestamp, User, quoted};
use gatehall_vault::sign_in_token;
use secrecy::ExposeSecret;
use url::Url;

use crate::{office::Office, running::Gate};

/// How long a link works.
pub(crate) const MINUTES: i64 = 15;

/// The administrator who is added where there is none.
const FIRST: &str = "admin@localhost";

/// A link, and whom it signs in.
pub(crate) struct Link {
    pub(crate) email: EmailAddress,
    pub(crate) url: String,
}

/// Makes a link for this user, or for an administrator.
pub(crate) async fn make(
    office: &Office,
    email: Option<&EmailAddress>,
    public_url: &Url,
) -> Result<Link> {
    let desk = office.desk();
    let mut snapshot = desk.snapshot().await?;
    let find = |snapshot: &Snapshot| match email {
        Some(email) => snapshot.company().user_by_email(email).map(|user| User::clone(user)),
        None => administrator(snapshot),
    };
    if find(&snapshot).is_none() {
        let new = NewUser {
            email: FIRST.parse()?,
            name: "Administrator".into(),
            admin: true,
            groups: Vec::new(),
        };
        let now = office.clock.now();
        desk.change(|snapshot| Ok((user::add(snapshot.company(), &new, now)?, ()))).await?;
        snapshot = desk.snapshot().await?;
    }
    let user = find(&snapshot).context("there is no administrator")?;
    let (token, digest) = sign_in_token()?;
    let now = office.clock.now();
    office.store.add_sign_in_link(digest, user.id, now, now.plus_seconds(MINUTES * 60)).await?;
    let url = public_url.join(&format!("/sign-in/link/{}", token.expose_secret()))?;
    Ok(Link { email: user.email, url: url.into() })
}

/// The command that makes one for a gate, whole, as a shell of its machine reads it.
pub(crate) struct LinkCommand {
    program: String,
    flags: String,
}

impl LinkCommand {
    pub(crate) fn new(gate: &Gate, public_url: Option<&Url>) -> Self {
        let program = std::env::current_exe().map(|path| path.display().to_string());
        let program = program.unwrap_or_else(|_| "gatehall".into());
        let mut flags = gate.flags();
        if let Some(url) = public_url {
            flags.push_str(&format!(" --public-url {}", quoted(url.as_str())));
        }
        Self { program: quoted(&program).into_owned(), flags }
    }

    /// For this user.
    pub(crate) fn of(&self, email: &EmailAddress) -> String {
        format!("{} admin link {} {}", self.program, quoted(email.as_str()), self.flags)
    }
}

/// An enabled administrator, the one who was added first.
fn administrator(snapshot: &Snapshot) -> Option<User> {
    let users = snapshot.company().users.values();
    let admins = users.filter(|user| snapshot.view(user.id).is_some_and(|it| it.admin.is_some()));
    admins.min_by_key(|user| (user.created_at, user.id)).map(|user| User::clone(user))
}

/// Whether nobody can sign in yet: there is nobody but the administrator who is added here, and
/// they never did.
pub(crate) async fn nobody_can_sign_in(office: &Office) -> Result<bool> {
    let snapshot = office.store.load().await?;
    let company = snapshot.company();
    // Somebody whose row cannot be read is there all the same.
    let known = company.set_aside().rows().is_empty();
    let alone = company.users.values().all(|user| user.email.as_str() == FIRST);
    if !known || !alone || !company.providers.is_empty() || !company.keys.is_empty() {
        return Ok(false);
    }
    let ever = Timestamp::from_micros(0);
    Ok(office.store.sessions_since(ever, office.clock.now()).await?.is_empty())
}
