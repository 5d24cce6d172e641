//! The credentials of connections. Secrets come in and never go out.

use axum::{extract::State, response::Response};
use gatehall_control::operation::{
    self, NewSecret,
    connection::{ConnectionEdit, NewCredential},
};
use gatehall_domain::{Placement, Snapshot, Timestamp};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use super::connections::path_of;
use crate::web::{At, Book, Done, Fault, Input, Shared, TenantManager, connection_href};

pub(super) fn ways(book: Book) -> Book {
    const ALL: &str = "/connections/{tenant}/{server}/credentials";
    book.area("connections")
        .act::<CredentialWish, Done, _, _>(ALL, "Set a credential", set)
        .act::<CredentialRemoval, Done, _, _>(
            &format!("{ALL}/remove"),
            "Remove a credential",
            remove,
        )
}

/// A secret, and where the server expects it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CredentialWish {
    /// `header:Authorization:Bearer`, `header:X-Api-Key`, `environment:API_KEY`.
    #[schemars(with = "String")]
    placement: Placement,
    /// The secret, which is stored encrypted and never shown again.
    #[schemars(with = "Option<String>")]
    secret: Option<SecretString>,
    /// Instead of it, the environment variable of the gate that holds it; administrators only.
    environment: Option<String>,
    /// When it expires; the overview reminds of it.
    #[schemars(with = "Option<String>")]
    expires_at: Option<Timestamp>,
}

async fn set(
    manager: TenantManager,
    State(portal): Shared,
    At(names): At<(String, String)>,
    Input(wish): Input<CredentialWish>,
) -> Result<Response, Fault> {
    let path = path_of(&names)?;
    let secret = match (wish.secret, wish.environment) {
        (Some(secret), None) => NewSecret::Value(secret),
        (None, Some(_)) if !manager.admin => return Err(Fault::NotAllowed("administrators")),
        (None, Some(variable)) => NewSecret::Environment(variable),
        _ => {
            return Err(Fault::field(
                "secret",
                "enter the secret, or name the variable that holds it",
            ));
        }
    };
    let new = NewCredential { placement: wish.placement, secret, expires_at: wish.expires_at };
    let edit = ConnectionEdit { credentials: vec![new], ..Default::default() };
    let prepare = |snapshot: &Snapshot| {
        let vault = portal.desk.vault();
        operation::connection::change(snapshot.company(), vault, &path, &edit, manager.now)
    };
    let revision = portal.apply(&manager, prepare).await?;
    Ok(manager.done(revision, &connection_href(&path.to_string())))
}

/// Which credential goes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CredentialRemoval {
    #[schemars(with = "String")]
    placement: Placement,
}

async fn remove(
    manager: TenantManager,
    State(portal): Shared,
    At(names): At<(String, String)>,
    Input(wish): Input<CredentialRemoval>,
) -> Result<Response, Fault> {
    let path = path_of(&names)?;
    let edit =
        ConnectionEdit { remove_credentials: vec![wish.placement.clone()], ..Default::default() };
    let prepare = |snapshot: &Snapshot| {
        let vault = portal.desk.vault();
        operation::connection::change(snapshot.company(), vault, &path, &edit, manager.now)
    };
    let revision = portal.apply(&manager, prepare).await?;
    Ok(manager.done(revision, &connection_href(&path.to_string())))
}
