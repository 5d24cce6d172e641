//! The rules for what the doors work with: providers, claim mappings, host rules.

use crate::{
    Admit, ClaimMapping, Company, HostRule, OPEN_WEBUI, Profile, Provider, Refusal, is_open_webui,
};

impl Company {
    pub(super) fn check_provider(&self, provider: &Provider) -> Result<(), Refusal> {
        provider.check()?;
        // One that was called so before stays.
        let is_new = !self.providers.contains_key(&provider.id);
        if is_new && is_open_webui(&provider.id.as_str().to_ascii_lowercase()) {
            let problem = format!(
                "\"{OPEN_WEBUI}\", and what begins with it, stands for the accounts of Open WebUI: \
                 choose another"
            );
            return Err(Refusal::invalid("id", problem));
        }
        self.check_client_secret(provider)?;
        let others = self.providers.values().filter(|other| other.id != provider.id);
        for other in others {
            if other.id.as_str().eq_ignore_ascii_case(provider.id.as_str()) {
                return Err(Refusal::exists("provider", &other.id));
            }
            if provider.has_shared_callback() && other.has_shared_callback() {
                return Err(Refusal::invalid(
                    "own_callback",
                    format!("{} has the shared redirect URI already: set own_callback", other.id),
                ));
            }
            if other.issuer == provider.issuer && other.client_id == provider.client_id {
                return Err(Refusal::exists("provider of this issuer and client", &other.id));
            }
        }
        Ok(())
    }

    pub(super) fn check_claim_mapping(&self, mapping: &ClaimMapping) -> Result<(), Refusal> {
        mapping.check()?;
        let provider = self
            .providers
            .get(&mapping.provider)
            .ok_or_else(|| Refusal::missing("provider", &mapping.provider))?;
        if mapping.tenant_id.is_some() && provider.profile != Profile::Entra {
            return Err(Refusal::invalid("tenant_id", "only the profile entra has directories"));
        }
        if !self.groups.contains_key(&mapping.group) {
            return Err(Refusal::missing("group", mapping.group));
        }
        match self.equal_claim_mapping(mapping) {
            Some(other) if other.id != mapping.id => {
                Err(Refusal::exists("claim mapping", self.claim_mapping_label(mapping)))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn check_host_rule(&self, rule: &HostRule) -> Result<(), Refusal> {
        if let Admit::Groups(groups) = &rule.admit {
            if groups.is_empty() {
                return Err(Refusal::invalid(
                    "groups",
                    "names no group, so nobody would be admitted",
                ));
            }
            if let Some(group) = groups.iter().find(|group| !self.groups.contains_key(*group)) {
                return Err(Refusal::missing("group", group));
            }
        }
        match self.equal_host_rule(rule) {
            Some(other) if other.id != rule.id => {
                Err(Refusal::exists("host rule", self.host_rule_label(rule)))
            }
            _ => Ok(()),
        }
    }

    /// The mapping that says the same as this one.
    pub fn equal_claim_mapping(&self, mapping: &ClaimMapping) -> Option<&ClaimMapping> {
        let same = |other: &&ClaimMapping| {
            other.provider == mapping.provider
                && other.tenant_id == mapping.tenant_id
                && other.claim == mapping.claim
                && other.value == mapping.value
                && other.group == mapping.group
        };
        self.claim_mappings.values().map(AsRef::as_ref).find(same)
    }

    /// The rule for the same host and path as this one.
    pub fn equal_host_rule(&self, rule: &HostRule) -> Option<&HostRule> {
        let same = |other: &&HostRule| other.host == rule.host && other.path == rule.path;
        self.host_rules.values().map(AsRef::as_ref).find(same)
    }
}
