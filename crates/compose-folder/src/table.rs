//! The variables of `.env`, and what each has to be like.

use crate::{
    Dotenv,
    values::{self, Checked},
    variables::has_authentik,
};

/// What a variable has to be like.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// The domain below which everything lives.
    Domain,
    Email,
    /// The domains of the people's addresses.
    People,
    Profile,
    Issuer,
    ClientId,
    ModelUrl,
    /// Whatever can be written down.
    Text,
    /// `true` or `false`.
    Switch,
    Number,
    /// An amount of memory.
    Size,
    Network,
    /// Parts of the deployment that only some have.
    Parts,
    Image,
    Authority,
    Log,
    /// The name of a header.
    Header,
}

/// A variable of the Compose file.
#[derive(Debug, Clone, Copy)]
struct Variable {
    name: &'static str,
    kind: Kind,
    /// Whether nothing works without.
    is_needed: bool,
}

const fn needed(name: &'static str, kind: Kind) -> Variable {
    Variable { name, kind, is_needed: true }
}

const fn other(name: &'static str, kind: Kind) -> Variable {
    Variable { name, kind, is_needed: false }
}

/// All of them.
const VARIABLES: [Variable; 37] = [
    needed("DOMAIN", Kind::Domain),
    needed("ADMIN_EMAIL", Kind::Email),
    needed("PEOPLE_DOMAINS", Kind::People),
    needed("ACME_EMAIL", Kind::Email),
    other("ACME_CA_SERVER", Kind::Authority),
    needed("PROVIDER_PROFILE", Kind::Profile),
    needed("PROVIDER_ISSUER", Kind::Issuer),
    needed("PROVIDER_CLIENT_ID", Kind::ClientId),
    other("PROVIDER_TRUST_EMAIL", Kind::Switch),
    needed("OPENAI_API_BASE_URL", Kind::ModelUrl),
    other("DEFAULT_MODEL", Kind::Text),
    other("BYPASS_EMBEDDING_AND_RETRIEVAL", Kind::Switch),
    other("EMBEDDING_MODEL", Kind::Text),
    other("COMPOSE_PROFILES", Kind::Parts),
    needed("GATEHALL_IMAGE", Kind::Image),
    needed("TRAEFIK_IMAGE", Kind::Image),
    needed("OPEN_WEBUI_IMAGE", Kind::Image),
    needed("POSTGRES_IMAGE", Kind::Image),
    needed("VALKEY_IMAGE", Kind::Image),
    other("AUTHENTIK_IMAGE", Kind::Image),
    other("PYTHON_IMAGE", Kind::Image),
    other("NODE_IMAGE", Kind::Image),
    other("TRAEFIK_MEMORY", Kind::Size),
    other("GATEHALL_MEMORY", Kind::Size),
    other("OPEN_WEBUI_MEMORY", Kind::Size),
    other("POSTGRES_MEMORY", Kind::Size),
    other("VALKEY_MEMORY", Kind::Size),
    other("AUTHENTIK_SERVER_MEMORY", Kind::Size),
    other("AUTHENTIK_WORKER_MEMORY", Kind::Size),
    other("GATEHALL_LOG", Kind::Log),
    other("RATE_LIMIT_AVERAGE", Kind::Number),
    other("RATE_LIMIT_BURST", Kind::Number),
    other("GATE_SUBNET", Kind::Network),
    other("OPEN_WEBUI_BINDS_ADMINS", Kind::Switch),
    other("OPEN_WEBUI_EMAIL_HEADER", Kind::Header),
    other("OPEN_WEBUI_NAME_HEADER", Kind::Header),
    other("OPEN_WEBUI_FOLLOW", Kind::Switch),
];

/// Whether nothing works without a variable.
pub fn is_needed(name: &str) -> bool {
    VARIABLES.iter().any(|it| it.name == name && it.is_needed)
}

/// What nothing works without, and has no value.
pub fn missing(file: &Dotenv) -> impl Iterator<Item = &'static str> {
    let has_none = |name: &str| file.get(name).is_none_or(str::is_empty);
    VARIABLES.iter().filter(move |it| it.is_needed && has_none(it.name)).map(|it| it.name)
}

/// What is wrong with the values that are there, each with its variable.
pub fn problems(file: &Dotenv) -> Vec<(&'static str, String)> {
    let of = |it: &Variable| {
        let value = file.get(it.name).filter(|value| !value.is_empty())?;
        let checked = as_it_stands(it.name, value, it.kind.check(value, file));
        Some((it.name, checked.err()?))
    };
    let mut problems: Vec<_> = VARIABLES.iter().filter_map(of).collect();
    let value = |name: &str| file.get(name).unwrap_or_default();
    let is_own = has_authentik(file) && value("PROVIDER_PROFILE") == "authentik";
    let domain = value("DOMAIN");
    if let Some(problem) = values::unlike_own(domain, value("PROVIDER_ISSUER"), is_own)
        && !domain.is_empty()
    {
        problems.push(("PROVIDER_ISSUER", problem));
    }
    problems
}

/// The value of a variable that is in the file already: programs take it as it stands there, and
/// some compare it byte for byte.
///
/// # Errors
/// What is wrong with it.
pub fn as_it_stands(name: &str, value: &str, checked: Checked) -> Checked {
    match checked {
        Ok(written) if written != value && matches!(name, "DOMAIN" | "PROVIDER_ISSUER") => {
            Err(format!("in the file it has to be {written}"))
        }
        checked => checked,
    }
}

impl Kind {
    fn check(self, value: &str, file: &Dotenv) -> Checked {
        match self {
            Self::Domain => values::own_domain(value),
            Self::Email => values::email(value),
            Self::People => values::people(value, file.get("ADMIN_EMAIL")),
            Self::Profile => values::profile(value),
            Self::Issuer => values::issuer(value, file.get("PROVIDER_PROFILE").unwrap_or_default()),
            Self::ClientId => values::client_id(value),
            Self::ModelUrl => values::model_url(value),
            Self::Text => values::text(value),
            Self::Switch => values::switch(value),
            Self::Number => values::number(value),
            Self::Size => values::size(value),
            Self::Network => values::network(value),
            Self::Parts => values::parts(value),
            Self::Image => values::image(value),
            Self::Authority => values::authority(value),
            Self::Log => values::log(value),
            Self::Header => values::header(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../../deploy/compose/.env.example");

    const GOOD: &str = "DOMAIN=x.example\nADMIN_EMAIL=ada@x.example\nPEOPLE_DOMAINS=x.example\n\
        ACME_EMAIL=ops@x.example\nPROVIDER_PROFILE=generic\nPROVIDER_ISSUER=https://id.x.example\n\
        PROVIDER_CLIENT_ID=gate\n";

    fn read(text: &str) -> Dotenv {
        Dotenv::read(text, &|_| None).unwrap()
    }

    #[test]
    fn every_variable_of_the_example_is_judged_and_no_other() {
        let example = read(EXAMPLE);
        assert!(example.names().eq(VARIABLES.iter().map(|it| it.name)), "in the same order");
        let own: Vec<_> = missing(&example).collect();
        assert_eq!(
            own,
            [
                "ADMIN_EMAIL",
                "PEOPLE_DOMAINS",
                "ACME_EMAIL",
                "PROVIDER_PROFILE",
                "PROVIDER_ISSUER",
                "PROVIDER_CLIENT_ID"
            ]
        );
        assert_eq!(problems(&example).len(), 1, "but for the domain: {:?}", problems(&example));
        let whole = read(&format!("{EXAMPLE}{GOOD}"));
        assert!(problems(&whole).is_empty() && missing(&whole).next().is_none());
    }

    #[test]
    fn what_a_program_could_not_take_is_told_with_its_variable() {
        for (name, value, says) in [
            ("DOMAIN", "example.org", "of an example"),
            ("DOMAIN", "X.example", "has to be x.example"),
            ("ADMIN_EMAIL", "nobody", "address like"),
            ("ACME_EMAIL", "x", "address like"),
            ("PEOPLE_DOMAINS", "*", "not a domain"),
            ("PEOPLE_DOMAINS", "else.example", "x.example is missing"),
            ("PROVIDER_PROFILE", "okta", "entra, authentik or generic"),
            ("PROVIDER_ISSUER", "https://id.x.example/.well-known/x", "leave off"),
            ("PROVIDER_ISSUER", "https://auth.x.example/application/o/gatehall/", "does not run"),
            ("PROVIDER_CLIENT_ID", "a b", "without blanks"),
            ("PROVIDER_TRUST_EMAIL", "yes", "true or false"),
            ("OPEN_WEBUI_FOLLOW", "maybe", "true or false"),
            ("OPEN_WEBUI_BINDS_ADMINS", "1", "true or false"),
            ("BYPASS_EMBEDDING_AND_RETRIEVAL", "True", "true or false"),
            ("RATE_LIMIT_AVERAGE", "many", "a number"),
            ("RATE_LIMIT_BURST", "-1", "a number"),
            ("RATE_LIMIT_BURST", "6e2", "a number"),
            ("GATE_SUBNET", "foo", "172.30.253.0/28"),
            ("GATE_SUBNET", "172.30.253.0", "172.30.253.0/28"),
            ("GATE_SUBNET", "172.30.253.5/28", "begins with 172.30.253.0"),
            ("GATE_SUBNET", "172.30.253.0/30", "too small"),
            ("GATE_SUBNET", "0.0.0.0/0", "everybody"),
            ("COMPOSE_PROFILES", "autentik", "authentik"),
            ("COMPOSE_PROFILES", "authentik,*", "--profile"),
            ("ACME_CA_SERVER", "letsencrypt", "https://"),
            ("ACME_CA_SERVER", "http://acme.x.example/directory", "https://"),
            ("POSTGRES_IMAGE", "a b", "name:tag"),
            ("NODE_IMAGE", "https://x/y:1", "name:tag"),
            ("TRAEFIK_MEMORY", "192 megabytes", "192m"),
            ("TRAEFIK_MEMORY", "m", "192m"),
            ("GATEHALL_LOG", "loud", "error, warn"),
            ("OPEN_WEBUI_EMAIL_HEADER", "X User", "header"),
        ] {
            let file = read(&format!("{EXAMPLE}{GOOD}{name}='{value}'\n"));
            let found = problems(&file);
            let fits = |(of, problem): &(&str, String)| *of == name && problem.contains(says);
            assert!(found.len() == 1 && found.iter().all(fits), "{name}={value}: {found:?}");
        }
    }

    #[test]
    fn what_programs_take_is_taken() {
        for (name, value) in [
            ("PEOPLE_DOMAINS", "X.example, y.example"),
            ("ADMIN_EMAIL", "Ada@x.example"),
            ("COMPOSE_PROFILES", "mcp-examples, authentik"),
            ("TRAEFIK_MEMORY", "1.5g"),
            ("TRAEFIK_MEMORY", "512MB"),
            ("TRAEFIK_MEMORY", "201326592"),
            ("GATEHALL_LOG", "info,gatehall=debug"),
            ("GATEHALL_IMAGE", "registry.x.example:5000/team/gatehall:0.1.0@sha256:0a"),
            ("GATE_SUBNET", "10.9.8.0/29"),
            // Nothing at all is the usual, or off.
            ("RATE_LIMIT_AVERAGE", ""),
            ("OPEN_WEBUI_EMAIL_HEADER", ""),
            ("AUTHENTIK_IMAGE", ""),
        ] {
            let file = read(&format!("{EXAMPLE}{GOOD}{name}='{value}'\n"));
            assert!(problems(&file).is_empty(), "{name}={value}: {:?}", problems(&file));
        }
        for name in ["POSTGRES_IMAGE", "DOMAIN"] {
            let file = read(&format!("{EXAMPLE}{GOOD}{name}=\n"));
            assert!(missing(&file).eq([name]) && is_needed(name), "{name}");
        }
    }
}
