//! Groups of Entra ID that did not fit into a token are asked for at Microsoft Graph.

use gatehall_domain::Provider;
use serde::Deserialize;
use url::Url;

use super::running::Running;

const GRAPH: &str = "https://graph.microsoft.com";

/// All groups, direct or not, as ids.
const MEMBER_OF: &str = "transitiveMemberOf/microsoft.graph.group?$select=id&$top=999";

/// Nobody is in more groups than so many pages hold.
const PAGES: usize = 20;

#[derive(Deserialize)]
struct Page {
    value: Vec<Group>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

#[derive(Deserialize)]
struct Group {
    id: String,
}

/// Where Microsoft Graph is.
pub(super) fn base(provider: &Provider) -> &str {
    provider.settings.graph_url.as_deref().unwrap_or(GRAPH).trim_end_matches('/')
}

/// The groups of a user, or why they are not known: of the one to whom this access token belongs,
/// or, where the token is the gate's own, of the one with this id.
pub(super) async fn groups(
    provider: &Running,
    token: Option<&str>,
    object: Option<&str>,
) -> Result<Vec<String>, String> {
    let token = token.ok_or("there is no access token for Microsoft Graph")?;
    let whose = object.map_or_else(|| "me".to_owned(), |id| format!("users/{id}"));
    let base = base(&provider.record);
    let first = Url::parse(&format!("{base}/v1.0/{whose}/{MEMBER_OF}"));
    let mut next = Some(first.map_err(|error| error.to_string())?);
    let origin = next.as_ref().map(Url::origin);
    let mut groups = Vec::new();
    for _ in 0..PAGES {
        let Some(url) = next.take() else { return Ok(groups) };
        // The token goes to Graph and nowhere else, whatever an answer says.
        if Some(url.origin()) != origin {
            return Err(format!("an answer leads to {url}"));
        }
        let page: Page =
            provider.fetch.json(&url, Some(token)).await.map_err(|error| error.to_string())?;
        groups.extend(page.value.into_iter().map(|group| group.id));
        let further = page.next.filter(|it| !it.is_empty()).map(|it| Url::parse(&it));
        next = further.transpose().map_err(|error| error.to_string())?;
    }
    Err("there are more groups than can be read".into())
}
