//! Whether models can be reached.

use gatehall_domain::Finding;
use http::StatusCode;

use crate::{
    ask::{Ask, Fault, ask, without_user},
    deployment::Model,
    senses::Senses,
};

const NAME: &str = "model endpoint";

/// Asks which models there are.
pub(crate) async fn look(model: &Model, senses: &Senses) -> Vec<Finding> {
    let mut report = Vec::new();
    let url = without_user(&model.url);
    let path = format!("{}/models", url.path().trim_end_matches('/'));
    let Some(question) = Ask::of_url(&url, &path) else {
        report.push(Finding::bad(NAME, format!("{url} names no host"), "set OPENAI_API_BASE_URL"));
        return report;
    };
    let host = question.host;
    let addresses = match senses.addresses(host).await {
        Ok(addresses) => addresses,
        Err(fault) => {
            // A name within the deployment is one there alone.
            let inner = !host.contains('.');
            let found = format!("{host}: {fault}");
            match inner {
                true => report.push(Finding::unknown(
                    NAME,
                    format!("{host} is a name within the deployment, which nobody else knows"),
                    "docker compose exec open-webui python -c \"import urllib.request as r; \
                     print(r.urlopen('…/models').status)\"",
                )),
                false => report.push(Finding::bad(NAME, found, "correct OPENAI_API_BASE_URL")),
            }
            return report;
        }
    };
    let mut last = Fault::NoRoute;
    for address in addresses {
        // A key is not sent where everybody on the way could read it.
        let secret = model.key.as_ref().filter(|_| question.secure);
        let question = Ask { secret, ..question };
        match ask(&question, address, senses).await {
            Err(fault) => last = fault,
            Ok(answer) => {
                let with_key = secret.is_some();
                match answer.status {
                    status if status.is_success() => {
                        report.push(Finding::good(NAME, format!("{url} answers")));
                    }
                    StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if with_key => {
                        report.push(Finding::bad(
                            NAME,
                            format!("{url} refuses the key ({})", answer.status),
                            "put a valid key into secrets/openai_api_key (and run gatehall init \
                         compose again, which copies it)",
                        ))
                    }
                    StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => report.push(Finding::good(
                        NAME,
                        format!("{url} answers; whether it takes the key was not asked"),
                    )),
                    StatusCode::NOT_FOUND => report.push(Finding::doubtful(
                        NAME,
                        format!("{url} answers, but has no list of models below it ({path})"),
                        "look whether OPENAI_API_BASE_URL ends as the API's address does, mostly \
                         with /v1",
                    )),
                    status => report.push(Finding::doubtful(
                        NAME,
                        format!("{url} answers {status}"),
                        "see what its operator says of its state",
                    )),
                }
                return report;
            }
        }
    }
    report.push(Finding::bad(
        NAME,
        format!("{url} cannot be reached: {last}"),
        "look at OPENAI_API_BASE_URL, and whether this machine may speak to the internet",
    ));
    report
}
