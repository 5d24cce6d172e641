//! Users, groups, and who is in which: three of four memberships are a provider's.

use std::collections::BTreeSet;

use gatehall_domain::{
    Company, Group, GroupId, Identity, Membership, Profile, Provider, ProviderId, ProviderSettings,
    Record, Source, Timestamp, User, UserId,
};

use super::scale::{GROUPS, Kind, Records, USERS, id, once};

/// The numbers of these have no common divisor, so that every pair comes before one comes again.
const FIRST: [&str; 48] = [
    "Aaron", "Adele", "Amira", "Anna", "Aron", "Beatrix", "Bella", "Bram", "Carla", "Chen",
    "Clara", "Daan", "Dalia", "Derya", "Elif", "Elena", "Emil", "Farid", "Fatima", "Felix",
    "Freya", "Greta", "Hana", "Hugo", "Ida", "Ivan", "Jana", "Joao", "Jonas", "Kaja", "Karim",
    "Lars", "Leila", "Lena", "Malik", "Marta", "Milan", "Nadia", "Noor", "Olga", "Pablo",
    "Quentin", "Rosa", "Samir", "Tara", "Uma", "Viktor", "Yuki",
];
const LAST: [&str; 55] = [
    "Abadi",
    "Almeida",
    "Andersen",
    "Bauer",
    "Becker",
    "Berg",
    "Bianchi",
    "Brandt",
    "Castro",
    "Conti",
    "Costa",
    "Dahl",
    "Demir",
    "Dubois",
    "Eriksen",
    "Fischer",
    "Fontaine",
    "Garcia",
    "Gruber",
    "Haddad",
    "Hansen",
    "Hoffmann",
    "Ito",
    "Jansen",
    "Kaya",
    "Keller",
    "Klein",
    "Kowalski",
    "Kumar",
    "Lang",
    "Larsen",
    "Lindqvist",
    "Lopez",
    "Maier",
    "Martin",
    "Meyer",
    "Moreau",
    "Nakamura",
    "Novak",
    "Okafor",
    "Olsen",
    "Peeters",
    "Petrov",
    "Quist",
    "Rossi",
    "Sato",
    "Schmidt",
    "Silva",
    "Tanaka",
    "Urban",
    "Vargas",
    "Vogel",
    "Weber",
    "Yilmaz",
    "Zhang",
];
pub(super) const DOMAINS: [&str; 5] = [
    "company.example",
    "asia.company.example",
    "americas.company.example",
    "partner.example",
    "consulting.example",
];
/// Which domain: most are in the first.
const SHARES: [usize; 13] = [0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 4];

const DEPARTMENTS: [&str; 25] = [
    "finance",
    "payroll",
    "legal",
    "sales",
    "marketing",
    "support",
    "research",
    "platform",
    "security",
    "quality",
    "logistics",
    "purchasing",
    "recruiting",
    "training",
    "travel",
    "facilities",
    "field-service",
    "data",
    "design",
    "press",
    "audit",
    "tax",
    "treasury",
    "partners",
    "projects",
];
const CITIES: [&str; 20] = [
    "berlin", "bogota", "boston", "cairo", "delhi", "dublin", "graz", "lagos", "lima", "lisbon",
    "lyon", "madrid", "milan", "oslo", "osaka", "porto", "seoul", "tallinn", "tokyo", "zurich",
];

pub(super) fn user(n: usize) -> UserId {
    UserId(id(Kind::User, n))
}

pub(super) fn group(n: usize) -> GroupId {
    GroupId(id(Kind::Group, n))
}

/// How many users there are beside those of the small company; and groups.
pub(super) fn counts(company: &Company) -> (usize, usize) {
    let made = |id: &uuid::Uuid| id.get_version_num() == 8;
    let users = company.users.keys().filter(|it| !made(&it.0)).count();
    let groups = company.groups.keys().filter(|it| !made(&it.0)).count();
    (USERS.saturating_sub(users), GROUPS.saturating_sub(groups))
}

pub(super) fn records(company: &Company, began: Timestamp) -> Records {
    let (users, groups) = counts(company);
    let provider = provider(began)?;
    let (issuer, source) =
        (provider.identity_issuer().to_owned(), Source::Claim(provider.id.to_string()));
    let mut records: Vec<Record> = vec![provider.into()];
    for n in 0..groups {
        records.push(group_of(n, began)?.into());
    }
    for n in 0..users {
        let it = user_of(n, began)?;
        let created_at = it.created_at;
        records.push(it.into());
        let at_provider = n % 5 != 4;
        if at_provider {
            let subject = uuid::Uuid::from_u128(0xabad_cafe << 96 | n as u128).to_string();
            let (issuer, user) = (issuer.clone(), user(n));
            records.push(
                Identity {
                    issuer,
                    subject,
                    user,
                    stale: n % 613 == 0,
                    claims_said: Default::default(),
                    by_address: true,
                    created_at,
                }
                .into(),
            );
        }
        for (at, group) in groups_of(n, groups).into_iter().enumerate() {
            let given = at_provider && at != 0;
            let source = if given { source.clone() } else { Source::Local };
            records.push(Membership { user: user(n), group, source, created_at }.into());
        }
    }
    Ok(records)
}

/// Nobody answers at its address, so it is off.
fn provider(began: Timestamp) -> Result<Provider, gatehall_domain::Refusal> {
    let id: ProviderId = "entra".parse()?;
    let directory = "5f0a3c1e-7b1d-4c59-9d6e-2f4be6a1c0de";
    let domains = DOMAINS.map(str::to_owned).to_vec();
    Ok(Provider {
        id,
        name: "Microsoft".into(),
        profile: Profile::Entra,
        issuer: format!("https://login.microsoftonline.com/{directory}/v2.0").parse()?,
        client_id: "gatehall".into(),
        client_secret: None,
        settings: Box::new(ProviderSettings { domains, ..ProviderSettings::default() }),
        enabled: false,
        created_at: began,
    })
}

fn user_of(n: usize, began: Timestamp) -> Result<User, gatehall_domain::Refusal> {
    let (first, last) = (FIRST[n % FIRST.len()], LAST[n % LAST.len()]);
    let domain = DOMAINS[SHARES[n % SHARES.len()]];
    // Whoever has the name of somebody else has a number behind it.
    let number = match n / (FIRST.len() * LAST.len()) {
        0 => String::new(),
        round => (round + 1).to_string(),
    };
    Ok(User {
        id: user(n),
        email: format!("{first}.{last}{number}@{domain}").parse()?,
        name: format!("{first} {last}"),
        admin: false,
        enabled: n % 97 != 13,
        created_at: once(began, n),
    })
}

fn group_of(n: usize, began: Timestamp) -> Result<Group, gatehall_domain::Refusal> {
    let department = DEPARTMENTS[n % DEPARTMENTS.len()];
    let city = CITIES[n / DEPARTMENTS.len() % CITIES.len()];
    let (end, whom) = match n / (DEPARTMENTS.len() * CITIES.len()) {
        0 => ("", "Everybody of"),
        _ => ("-leads", "Those who lead"),
    };
    Ok(Group {
        id: group(n),
        name: format!("{department}-{city}{end}").parse()?,
        description: format!("{whom} {department} in {city}"),
        enabled: n % 97 != 5,
        created_at: once(began, n * 3),
    })
}

/// Four groups, one of which is large; a few users have none.
fn groups_of(n: usize, groups: usize) -> BTreeSet<GroupId> {
    if n % 150 == 7 {
        return BTreeSet::new();
    }
    let other = n.wrapping_mul(2_654_435_761) >> 7;
    [n % groups, other % groups, (n * 7 + 3) % groups, other % 11].map(group).into()
}
