//! Which of the gate's own variables hold secrets of servers and providers.

use std::collections::BTreeSet;

use gatehall_domain::{Company, SecretSource, variable};

use crate::{Vault, VaultError};

impl Vault {
    /// Whether a secret may be read from this variable of the gate.
    ///
    /// # Errors
    /// Why not, and what to set.
    pub fn may_read(&self, variable: &str) -> Result<(), VaultError> {
        if variable::is_own(variable) {
            return Err(VaultError::OwnVariable(variable.to_owned()));
        }
        match self.variables().iter().any(|it| it.means(variable)) {
            true => Ok(()),
            false => Err(VaultError::UnknownVariable(variable.to_owned())),
        }
    }

    /// The variables that a company's records name, and that are not read.
    pub fn unread(&self, company: &Company) -> Vec<String> {
        let credentials = company.credentials.values().map(|it| &it.secret);
        let clients = company.providers.values().filter_map(|it| it.client_secret.as_ref());
        let named: BTreeSet<&String> = credentials
            .chain(clients)
            .filter_map(|source| match source {
                SecretSource::Environment(name) => Some(name),
                SecretSource::Sealed(_) => None,
            })
            .collect();
        named.into_iter().filter(|name| self.may_read(name).is_err()).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::SecretVariable;

    fn vault(variables: &[&str]) -> Vault {
        let variables = variables.iter().map(|it| it.parse().unwrap()).collect();
        Vault::ephemeral().unwrap().reading(variables)
    }

    fn open(vault: &Vault, name: &str) -> Result<String, VaultError> {
        let provider = "entra".parse().unwrap();
        let source = SecretSource::Environment(name.into());
        Ok(vault.open_client_secret(&provider, &source)?.expose_secret().to_owned())
    }

    #[test]
    fn only_variables_that_the_operator_named_are_read() {
        let path = std::env::var("PATH").unwrap();
        assert_eq!(vault(&["", " "]).variables(), []);
        let none = open(&vault(&[]), "PATH").unwrap_err().to_string();
        assert!(none.contains("GATEHALL_SECRET_VARIABLES=PATH"), "{none}");
        assert_eq!(open(&vault(&["OTHER", "PATH"]), "PATH").unwrap(), path);
        for others in [&["PAT"][..], &["PATH_*"], &["path"], &["P_*", "ATH"]] {
            assert!(open(&vault(others), "PATH").is_err(), "{others:?}");
        }
        assert!(matches!(
            open(&vault(&["NO_SUCH_*"]), "NO_SUCH_X"),
            Err(VaultError::NoVariable(_))
        ));
    }

    #[test]
    fn the_gates_own_variables_are_never_read() {
        let vault = vault(&["GATE_*"]);
        for name in ["GATEHALL_DATABASE", "gatehall_database", "GATEHALL_"] {
            assert!(matches!(vault.may_read(name), Err(VaultError::OwnVariable(_))), "{name}");
        }
        for bad in
            ["*", "_*", "A*", "GATEHALL_*", "gatehall_x", "GATEHALL_DATABASE", "A=B", "A B", "**"]
        {
            assert!(bad.parse::<SecretVariable>().is_err(), "{bad:?}");
        }
    }
}
