//! What a check made to ask once, and could not remove any more.

use gatehall_domain::{Change, User};
use gatehall_open_webui::{Found, TEST_USER, TEST_USER_NAME};

use super::{Wiring, WiringError};
use crate::operation;

pub(super) fn is_test_user(user: &User) -> bool {
    user.name == TEST_USER_NAME && user.email.as_str().starts_with(TEST_USER)
}

impl Wiring {
    /// Removes what earlier checks left, at both places.
    pub(super) async fn clear(&self, found: &Found) -> Result<(), WiringError> {
        for account in found.left_over() {
            self.client.remove_account(&account.id).await?;
        }
        self.remove_test_users().await
    }

    pub(super) async fn remove_test_users(&self) -> Result<(), WiringError> {
        let removed = self.desk.change(|snapshot| {
            let company = snapshot.company();
            let mut changes: Vec<Change> = Vec::new();
            for user in company.users.values().filter(|it| is_test_user(it)) {
                changes.extend(operation::remove(company, User::clone(user).into(), true)?);
            }
            Ok((changes, ()))
        });
        Ok(removed.await?)
    }
}
