//! The certificates that the hosts show.

use super::Seen;
use crate::{certificate::Verdict, senses::Senses};
use gatehall_domain::{Finding, counted};

pub(super) fn judge(host: &Seen, senses: &Senses, report: &mut Vec<Finding>) {
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
                report.push(Finding::good(
                    &subject,
                    format!("of {issuer}, for {} more", counted(days, "day", "days")),
                ));
            }
            Verdict::Ending(it) => report.push(Finding::doubtful(&subject, it.found, it.remedy)),
            Verdict::Bad(it) => report.push(Finding::bad(&subject, it.found, it.remedy)),
        }
    }
}
