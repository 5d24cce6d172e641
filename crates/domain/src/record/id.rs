//! What records are called: ids that nobody reads (UUIDs), and short names that stand in URLs and
//! in the names of tools.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Refusal, text::checked_text};

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub Uuid);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

uuid_id!(
    /// Id of a user.
    UserId
);
uuid_id!(
    /// Id of a group.
    GroupId
);
uuid_id!(
    /// Id of a connection.
    ConnectionId
);
uuid_id!(
    /// Id of a grant.
    GrantId
);
uuid_id!(
    /// Id of a claim mapping.
    ClaimMappingId
);
uuid_id!(
    /// Id of a host rule.
    HostRuleId
);

macro_rules! short_name {
    ($(#[$doc:meta])* $name:ident, $field:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);
        checked_text!($name);
        impl FromStr for $name {
            type Err = Refusal;
            fn from_str(text: &str) -> Result<Self, Refusal> {
                check_short_name($field, text)?;
                Ok(Self(text.into()))
            }
        }
    };
}

short_name!(
    /// Id of a tenant, chosen by the administrator.
    TenantId, "tenant id"
);
short_name!(
    /// Id of a server, chosen by the administrator.
    ServerId, "server id"
);
short_name!(
    /// Id of an OpenID provider, chosen by the administrator.
    ProviderId, "provider id"
);

fn check_short_name(field: &'static str, text: &str) -> Result<(), Refusal> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let start = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !start || text.len() > 32 || !text.chars().all(fits) {
        return Err(Refusal::invalid(
            field,
            format!(
                "\"{}\" must be 1 to 32 of A-Z a-z 0-9 _ - and begin with a letter or digit, \
                 because it stands in addresses and in the names of tools",
                text.escape_debug()
            ),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_fit_into_tool_names() {
        for good in ["google", "Tenant-Google", "code_search", "7"] {
            assert!(good.parse::<TenantId>().is_ok(), "{good}");
        }
        let long = "x".repeat(33);
        for bad in ["", "-", "_x", "a.b", "a b", "a/b", "\u{e4}", long.as_str()] {
            assert!(bad.parse::<ServerId>().is_err(), "{bad}");
        }
    }
}
