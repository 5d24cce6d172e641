//! A tool as an operation, and which of them a caller has.

use bytes::Bytes;
use gatehall_domain::{Decision, Endpoint, Reach, names};

use super::schema;
use crate::{
    catalogue::Tool,
    json::{self, ObjectWriter},
    live::Moment,
};

/// The tools a caller may call.
pub(super) fn callable<'m>(
    moment: &'m Moment,
    reach: &Reach<'m>,
) -> impl Iterator<Item = &'m Tool> {
    let reach = *reach;
    let offers = reach.connections().filter_map(|site| moment.catalogue.offer(site.connection.id));
    offers.flat_map(move |offer| {
        offer.tools.iter().filter(move |tool| {
            matches!(reach.decide(offer.connection, &tool.name), Decision::Allowed(_))
                && moment.catalogue.owns(&tool.public, offer.connection)
        })
    })
}

/// The tool of this public name, if the caller may call it.
pub(super) fn callable_tool<'m>(
    moment: &'m Moment,
    reach: &Reach<'m>,
    name: &str,
) -> Option<&'m Tool> {
    let (offer, tool) = moment.find(&Endpoint::All, name)?;
    let decision = reach.decide(offer.connection, &tool.name);
    matches!(decision, Decision::Allowed(_)).then_some(tool)
}

/// `"/tools/NAME":{…}`, made when it is first needed.
pub(super) fn operation(tool: &Tool) -> Bytes {
    let made = tool.operation.get_or_init(|| {
        let schema = schema::flat(tool.input_schema()).to_string();
        path_item(&tool.public, &names::shown(&tool.description, 2000), &schema).into()
    });
    made.clone()
}

/// An operation that takes a JSON object and answers with whatever the tool answers.
pub(super) fn path_item(name: &str, description: &str, schema: &str) -> String {
    let mut media = ObjectWriter::new(schema.len() + 32);
    media.raw("application/json", &format!("{{\"schema\":{schema}}}"));
    let mut body = ObjectWriter::new(schema.len() + 64);
    body.raw("required", "true").raw("content", &media.finish());
    let mut operation = ObjectWriter::new(schema.len() + description.len() + 256);
    operation.string("operationId", name).string("summary", name);
    if !description.is_empty() {
        operation.string("description", description);
    }
    operation.raw("requestBody", &body.finish());
    operation.raw("responses", "{\"200\":{\"description\":\"What the tool answers\"}}");
    format!("{}:{{\"post\":{}}}", json::string(&format!("/tools/{name}")), operation.finish())
}
