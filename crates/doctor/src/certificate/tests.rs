use gatehall_domain::{Clock, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::pki_types::CertificateDer;

use super::*;

const HOST: &str = "app.x.example";

/// An authority of certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        Arc::new(roots)
    }

    /// A certificate from the first of January of a year to that of another, with its key.
    pub(crate) fn issue(&self, params: CertificateParams) -> (CertificateDer<'static>, KeyPair) {
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.0).unwrap().der().clone(), key)
    }
}

pub(crate) fn params(host: &str, from: i32, until: i32) -> CertificateParams {
    let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params
}

pub(crate) fn senses(roots: Arc<RootCertStore>, now: &str) -> Senses {
    let now: Timestamp = now.parse().unwrap();
    Senses { roots, ..Senses::system(Clock::new(move || now)) }
}

#[test]
fn what_is_wrong_with_a_certificate_is_said_one_by_one() {
    let authority = Authority::new("A real authority");
    let roots = authority.roots();
    let at = |now: &str, shown: CertificateDer<'static>| {
        Verdict::of(&[shown], HOST, &senses(Arc::clone(&roots), now))
    };
    let issue = |host, from, until| authority.issue(params(host, from, until)).0;
    let good = issue(HOST, 2026, 2028);
    match at("2027-01-01", good.clone()) {
        Verdict::Good { issuer, days } => {
            assert!(issuer.contains("A real authority"), "{issuer}");
            assert_eq!(days, 365);
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(at("2027-12-20", good.clone()), Verdict::Ending(_)));
    let says = |verdict: Verdict, parts: &[&str]| match verdict {
        Verdict::Bad(Problem { found, remedy }) => {
            for part in parts {
                assert!(found.contains(part) || remedy.contains(part), "{part}: {found}, {remedy}");
            }
            found
        }
        other => panic!("{parts:?}: {other:?}"),
    };
    says(at("2027-12-30", good.clone()), &["ends in 2 days"]);
    says(at("2027-12-31", good.clone()), &["ends in 1 day, and"]);
    let found = says(at("2028-01-11", good.clone()), &["ended 10 days ago", "renewed"]);
    assert!(!found.contains("vouches"), "only its time is over: {found}");
    says(at("2025-12-31", good), &["in 24 hours", "clock"]);
    let found = says(at("2027-01-01", issue("other.example", 2026, 2028)), &["other.example"]);
    assert!(!found.contains("vouches"), "only its name is another: {found}");
    says(at("2029-01-01", issue("other.example", 2026, 2028)), &["ended", "of another name"]);

    let of = |name: &str| Authority::new(name).issue(params(HOST, 2026, 2028)).0;
    let staging = of("(STAGING) Ersatz Edamame E1");
    says(at("2027-01-01", staging), &["staging", "ACME_CA_SERVER"]);
    says(at("2027-01-01", of("Nobody")), &["nobody whom browsers know", "Nobody"]);

    let alone = |subject: &str| {
        let mut params = params(HOST, 2026, 2028);
        params.distinguished_name.push(DnType::CommonName, subject);
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().clone()
    };
    says(at("2027-01-01", alone(HOST)), &["self-signed"]);
    says(at("2027-01-01", alone(TRAEFIK)), &["Traefik shows", "acme"]);
    says(Verdict::of(&[], HOST, &senses(roots, "2027-01-01")), &["none is shown"]);
}
