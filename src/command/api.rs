use std::{io::Write, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use clap::Args;
use gatehall_identity::connector;
use http::{
    Method, Request, Response, Uri,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use url::Url;

use crate::{output, settings::told};

/// What the portal's pages show and do, for scripts.
const EXAMPLES: &str = "\
Examples:
  gatehall api /tools q=read_                    tools by name, with their connections
  gatehall api /tools/google_documents_read      a tool, and who can use it
  gatehall api /access tool=google_documents_read
  gatehall api /grants/preview tenant=google 'tools=read_*'
  gatehall api /users/alice@google.example --method PATCH enabled:=false
  gatehall api /audit/export.csv q=outcome:denied > denied.csv
  gatehall api /openapi.json                     all there is

The key is made once: gatehall key add --user YOU --manage";

/// Ask a running gate through its management API.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ApiOptions {
    /// What to ask, below /api/v1: /tools.
    path: String,
    /// What to say, in the query of a GET, else as JSON: NAME=TEXT, or NAME:=JSON for what is no
    /// text: enabled:=false. NAME[]=TEXT is an entry of a list.
    #[arg(value_name = "NAME=TEXT")]
    fields: Vec<String>,
    /// GET, POST, PATCH or DELETE.
    #[arg(long, short = 'X', default_value = "GET")]
    method: Method,
    /// Address of the gate.
    #[arg(
        long,
        env = "GATEHALL_GATE",
        value_name = "URL",
        default_value = "http://127.0.0.1:8080"
    )]
    gate: Url,
    /// Key of a user that may manage.
    #[arg(long, env = "GATEHALL_KEY", hide_env_values = true)]
    key: Option<SecretString>,
    /// File with that key, in place of --key.
    #[arg(long, env = "GATEHALL_KEY_FILE", value_name = "FILE")]
    key_file: Option<PathBuf>,
}

pub(crate) async fn run(options: ApiOptions) -> Result<ExitCode> {
    let key = told("GATEHALL_KEY", options.key.as_ref(), options.key_file.as_deref())?.context(
        "this needs a key: make one with gatehall key add --user YOU --manage, and put it into \
         GATEHALL_KEY, or into a file that GATEHALL_KEY_FILE names",
    )?;
    let request = request(&options, &key.secret)?;
    let client = Client::builder(TokioExecutor::new()).build(connector());
    let gate = &options.gate;
    let response = client.request(request).await.with_context(|| {
        format!("{gate} cannot be reached: start it, or name it with --gate or GATEHALL_GATE")
    })?;
    show(response).await
}

fn request(options: &ApiOptions, key: &SecretString) -> Result<Request<Full<Bytes>>> {
    let base = options.gate.as_str().trim_end_matches('/');
    let mut url: Url = format!("{base}/api/v1/{}", options.path.trim_start_matches('/')).parse()?;
    let mut body = Bytes::new();
    let members = members(&options.fields)?;
    if options.method == Method::GET {
        for (name, value) in &members {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            url.query_pairs_mut().append_pair(name, &text);
        }
    } else {
        body = serde_json::to_vec(&members)?.into();
    }
    let uri: Uri = url.as_str().parse()?;
    Ok(Request::builder()
        .method(&options.method)
        .uri(uri)
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/json")
        .header(AUTHORIZATION, format!("Bearer {}", key.expose_secret()))
        .body(Full::new(body))?)
}

/// What is said, by name.
fn members(fields: &[String]) -> Result<Map<String, Value>> {
    let mut members = Map::new();
    for field in fields {
        let Some((name, text)) = field.split_once('=') else {
            bail!("\"{field}\" is not NAME=TEXT");
        };
        if let Some(name) = name.strip_suffix(':') {
            let value = serde_json::from_str(text)
                .with_context(|| format!("what follows {name}:= is no JSON: {text}"))?;
            members.insert(name.to_owned(), value);
        } else if let Some(name) = name.strip_suffix("[]") {
            let list = members.entry(name).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(list) = list {
                list.push(text.into());
            }
        } else {
            members.insert(name.to_owned(), text.into());
        }
    }
    Ok(members)
}

/// Prints JSON so that people can read it, anything else as it comes.
async fn show(response: Response<Incoming>) -> Result<ExitCode> {
    let (head, mut body) = response.into_parts();
    let kind = head.headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    if head.status.is_success() && !kind.contains("json") {
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame?.into_data() {
                std::io::stdout().lock().write_all(&data)?;
            }
        }
        return Ok(ExitCode::SUCCESS);
    }
    let bytes = body.collect().await?.to_bytes();
    let answer: Value = serde_json::from_slice(&bytes)
        .with_context(|| format!("the answer, {}, is not the management API's", head.status))?;
    if head.status.is_success() {
        return output::json(&answer);
    }
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    bail!("{}: {}", text("title"), text("detail"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_become_json() {
        let texts = ["name=2024", "enabled:=false", "add[]=a@b.example", "text=a=b"];
        let wanted =
            json!({"name": "2024", "enabled": false, "add": ["a@b.example"], "text": "a=b"});
        assert_eq!(Value::Object(members(&texts.map(str::to_owned)).unwrap()), wanted);
        assert!(members(&["enabled".into()]).is_err() && members(&["a:=x".into()]).is_err());
    }
}
