//! What an earlier time did to models, and the terms wish no more.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    Models,
    client::Object,
    connection::{Grant, change_part, grants},
    model::{form_of, id_of, is_as_registered, is_open, tools_on},
    record::KeptModel,
};

/// What is taken back at a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Narrowed {
    pub(crate) id: String,
    /// The tools that are switched off again.
    pub(crate) tools: Vec<String>,
    /// Not everybody may use it any more.
    pub(crate) close: bool,
    /// It was registered by an earlier time, and nobody changed it since.
    pub(crate) unregister: bool,
}

impl Narrowed {
    /// In words.
    pub(crate) fn what(&self) -> String {
        if self.unregister {
            return "it is not registered any more".into();
        }
        let off = (!self.tools.is_empty()).then_some("the tools are switched off");
        let closed = self.close.then_some("not everybody may use it any more");
        off.into_iter().chain(closed).collect::<Vec<_>>().join(", ")
    }
}

/// What is to be taken back at models that are not chosen any more, or not for everybody any more.
pub(crate) fn narrowed(
    choice: &Models,
    open: bool,
    registered: &[Object],
    kept: &[KeptModel],
) -> Vec<Narrowed> {
    let one = |kept: &KeptModel| {
        let chosen = choice.has(&kept.id);
        if chosen && (open || !kept.opened) {
            return None;
        }
        let model = registered.iter().find(|it| id_of(it) == kept.id)?;
        let on = tools_on(model);
        let off = kept.tools.iter().filter(|it| !chosen && on.contains(it));
        let it = Narrowed {
            id: kept.id.clone(),
            tools: off.cloned().collect(),
            close: kept.opened && is_open(model),
            unregister: kept.created && is_as_registered(model, &kept.tools),
        };
        (it.unregister || it.close || !it.tools.is_empty()).then_some(it)
    };
    kept.iter().filter_map(one).collect()
}

/// The model without these tools, and closed to everybody if it was opened.
pub(crate) fn without(model: &Object, tools: &[String], close: bool) -> Object {
    let mut form = form_of(model);
    change_part(&mut form, "meta", |meta| {
        if let Some(Value::Array(on)) = meta.get_mut("toolIds") {
            on.retain(|it| it.as_str().is_none_or(|it| !tools.iter().any(|tool| tool == it)));
        }
    });
    if close {
        let mut all: BTreeSet<Grant> = grants(form.get("access_grants"));
        all.remove(&Grant::everybody());
        form.insert("access_grants".into(), all.iter().map(Grant::json).collect());
    }
    form
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_chosen_any_more_is_taken_back() {
        let model = |id: &str, more: Value| {
            let mut it = json!({
                "id": id, "base_model_id": null, "meta": {"toolIds": ["t", "mine"]}, "params": {},
                "access_grants": [Grant::everybody().json()]
            });
            it.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
            it.as_object().cloned().unwrap()
        };
        let plain = json!({"meta": {"toolIds": ["t"]}});
        let there = [model("made", plain), model("theirs", json!({})), model("opened", json!({}))];
        let kept = |id: &str, created, opened| KeptModel {
            id: id.into(),
            created,
            tools: vec!["t".into()],
            opened,
        };
        let record =
            [kept("made", true, true), kept("theirs", false, false), kept("opened", false, true)];
        let of = |choice: &Models, open| narrowed(choice, open, &there, &record);
        assert_eq!(of(&Models::All, true), []);
        // The tools stay where it is still chosen.
        let closed = of(&Models::All, false);
        assert_eq!(closed.len(), 2, "{closed:?}");
        assert!(closed[0].unregister && closed[1].close && closed[1].tools.is_empty());
        let none = of(&Models::Named(Vec::new()), true);
        assert_eq!(none.len(), 3, "{none:?}");
        assert_eq!((&none[1].tools, none[1].close), (&vec!["t".to_owned()], false));
        assert_eq!(none[2].what(), "the tools are switched off, not everybody may use it any more");
        let form = without(&there[2], &none[2].tools, none[2].close);
        assert_eq!(
            (&form["meta"]["toolIds"], &form["access_grants"]),
            (&json!(["mine"]), &json!([]))
        );
    }
}
