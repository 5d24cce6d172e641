//! The certificates that the hosts show.

use super::Seen;
use crate::{certificate::Verdict, report::Report, senses::Senses};

pub(super) fn judge(host: &Seen, senses: &Senses, report: &mut Report) {
    let subject = format!("certificate of {}", host.host);
    let mut shown: Vec<&[_]> = Vec::new();
    for (_, answer) in &host.secure {
        let Ok(answer) = answer else { continue };
        if !shown.contains(&answer.certificates.as_slice()) {
            shown.push(&answer.certificates);
        }
    }
    for certificates in shown {
        match Verdict::of(certificates, &host.host, senses) {
            Verdict::Good { issuer, days } => {
                report.good(&subject, format!("of {issuer}, for {days} days more"));
            }
            Verdict::Ending(it) => report.doubtful(&subject, it.found, it.remedy),
            Verdict::Bad(it) => report.bad(&subject, it.found, it.remedy),
        }
    }
}
