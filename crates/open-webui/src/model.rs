//! Models: with which the tools are switched on in new chats, and who may use them.

use serde_json::{Value, json};

use crate::{
    Models,
    client::Object,
    connection::{Grant, change_part, grants},
    narrow::Narrowed,
};

/// A model that a provider offers.
#[derive(Debug, Clone)]
pub(crate) struct BaseModel {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// What has to be done about a model.
#[derive(Debug, Clone)]
pub(crate) struct ModelChange {
    pub(crate) id: String,
    /// It has to be registered, under this name.
    pub(crate) register: Option<String>,
    /// The tools that have to be switched on.
    pub(crate) tools: Vec<String>,
    /// Everybody has to be let in.
    pub(crate) open: bool,
}

/// Why a model of a provider is left alone.
pub(crate) const UNREGISTERED: &str = "it is not registered: administrators alone may use it, and \
    the tools are not switched on, unless models are opened to everybody";

/// What is found out about models.
#[derive(Debug, Default)]
pub(crate) struct ModelPlan {
    pub(crate) changes: Vec<ModelChange>,
    /// What an earlier time did, and is wished no more.
    pub(crate) narrowed: Vec<Narrowed>,
    pub(crate) same: Vec<String>,
    /// Those that are left alone, and why.
    pub(crate) left: Vec<(String, &'static str)>,
}

pub(crate) fn id_of(model: &Object) -> &str {
    model.get("id").and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn tools_on(model: &Object) -> Vec<String> {
    let tools = model.get("meta").and_then(|it| it["toolIds"].as_array());
    tools.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Whether people made it out of another one, with instructions and documents of their own.
fn is_made_there(model: &Object) -> bool {
    model.get("base_model_id").is_some_and(|it| !it.is_null())
}

pub(crate) fn is_open(model: &Object) -> bool {
    grants(model.get("access_grants")).contains(&Grant::everybody())
}

/// Compares the models.
pub(crate) fn compare(
    choice: &Models,
    tools: &[String],
    open: bool,
    registered: &[Object],
    base: &[BaseModel],
) -> ModelPlan {
    let is_chosen = |id: &str| choice.has(id);
    let mut plan = ModelPlan::default();
    let active = |it: &&Object| it.get("is_active") != Some(&Value::Bool(false));
    for model in registered.iter().filter(|it| is_chosen(id_of(it))).filter(active) {
        let (id, on) = (id_of(model).to_owned(), tools_on(model));
        let missing: Vec<String> = tools.iter().filter(|it| !on.contains(it)).cloned().collect();
        let closed = open && !is_open(model);
        if closed && is_made_there(model) {
            plan.left.push((
                id.clone(),
                "it was made at Open WebUI out of another model: who may use it is decided there",
            ));
        }
        let open = closed && !is_made_there(model);
        match missing.is_empty() && !open {
            true => plan.same.push(id),
            false => plan.changes.push(ModelChange { id, register: None, tools: missing, open }),
        }
    }
    let is_registered = |id: &str| registered.iter().any(|it| id_of(it) == id);
    for model in base.iter().filter(|it| is_chosen(&it.id) && !is_registered(&it.id)) {
        match open {
            true => plan.changes.push(ModelChange {
                id: model.id.clone(),
                register: Some(model.name.clone()),
                tools: tools.to_vec(),
                open,
            }),
            false => plan.left.push((model.id.clone(), UNREGISTERED)),
        }
    }
    if let Models::Named(names) = choice {
        let is_there = |id: &String| is_registered(id) || base.iter().any(|it| it.id == *id);
        for name in names.iter().filter(|it| !is_there(it)) {
            plan.left.push((name.clone(), "Open WebUI has no such model now"));
        }
    }
    plan
}

impl ModelChange {
    /// The form of the model as it should be, made of the one that is there.
    pub(crate) fn form(&self, was: Option<&Object>) -> Object {
        let mut form = match was {
            Some(was) => form_of(was),
            None => new_form(&self.id, self.register.as_deref().unwrap_or(&self.id)),
        };
        change_part(&mut form, "meta", |meta| {
            let mut on = meta.get("toolIds").and_then(Value::as_array).cloned().unwrap_or_default();
            let new = self.tools.iter().map(|it| Value::from(it.as_str()));
            let new: Vec<Value> = new.filter(|it| !on.contains(it)).collect();
            on.extend(new);
            meta.insert("toolIds".into(), on.into());
        });
        if self.open {
            let mut all = grants(form.get("access_grants"));
            all.insert(Grant::everybody());
            form.insert("access_grants".into(), all.iter().map(Grant::json).collect());
        }
        form
    }
}

/// What a form of a model has, out of what is kept of one.
pub(crate) fn form_of(model: &Object) -> Object {
    let names = ["id", "base_model_id", "name", "meta", "params", "is_active"];
    let part = |name: &str| Some((name.to_owned(), model.get(name)?.clone()));
    let mut form: Object = names.into_iter().filter_map(part).collect();
    let access = grants(model.get("access_grants")).iter().map(Grant::json).collect();
    form.insert("access_grants".into(), access);
    // It is made anew of the instructions at each answer, and kept nowhere.
    change_part(&mut form, "meta", |meta| drop(meta.shift_remove("chat_variables_schema")));
    form
}

fn new_form(id: &str, name: &str) -> Object {
    let form = json!({
        "id": id, "base_model_id": null, "name": name, "is_active": true,
        "meta": {}, "params": {}, "access_grants": []
    });
    form.as_object().cloned().unwrap_or_default()
}

/// Whether nobody has changed a model since it was registered here.
pub(crate) fn is_as_registered(model: &Object, tools: &[String]) -> bool {
    let empty = |value: Option<&Value>| match value {
        None | Some(Value::Null) => true,
        Some(Value::Object(it)) => it.values().all(|it| it.is_null()),
        Some(_) => false,
    };
    let meta = model.get("meta").and_then(Value::as_object).cloned().unwrap_or_default();
    let more = meta.iter().filter(|(name, value)| {
        // Open WebUI gives each a picture.
        !value.is_null() && !matches!(name.as_str(), "toolIds" | "profile_image_url")
    });
    let only_ours = tools_on(model).iter().all(|it| tools.contains(it));
    let open = grants(model.get("access_grants")).into_iter().all(|it| it == Grant::everybody());
    more.count() == 0 && only_ours && open && empty(model.get("params"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(value: Value) -> Object {
        value.as_object().cloned().unwrap()
    }

    fn base(id: &str) -> BaseModel {
        BaseModel { id: id.to_owned(), name: id.to_uppercase() }
    }

    #[test]
    fn tools_are_added_and_all_else_stays() {
        let there = model(json!({
            "id": "own", "user_id": "u", "name": "Own", "base_model_id": "gpt", "created_at": 1,
            "params": {"system": "Be kind"}, "is_active": true,
            "meta": {"toolIds": ["mine"], "knowledge": [1], "more": 2, "chat_variables_schema": []},
            "access_grants": [{"id": "x", "principal_type": "group", "principal_id": "g", "permission": "write"}]
        }));
        let tools = ["server:mcp:gatehall".to_owned()];
        let plan =
            compare(&Models::All, &tools, false, std::slice::from_ref(&there), &[base("gpt")]);
        assert_eq!(plan.left[0].0, "gpt", "nobody said that everybody gets it");
        let form = plan.changes[0].form(Some(&there));
        assert_eq!(
            form["meta"],
            json!({"toolIds": ["mine", "server:mcp:gatehall"], "knowledge": [1], "more": 2})
        );
        assert_eq!(form["params"], there["params"]);
        assert_eq!(
            form["access_grants"],
            json!([{"principal_type": "group", "principal_id": "g", "permission": "write"}])
        );
        assert!(form.get("user_id").is_none());
        let again = compare(&Models::All, &tools, false, &[form], &[]);
        assert_eq!((again.changes.len(), again.same.len()), (0, 1));
    }

    #[test]
    fn a_model_that_somebody_made_is_never_opened() {
        let mut own =
            model(json!({"id": "secrets", "base_model_id": "gpt", "meta": {"toolIds": ["t"]}}));
        let of = |it: &Object| {
            compare(&Models::All, &["t".to_owned()], true, std::slice::from_ref(it), &[])
        };
        let plan = of(&own);
        assert!(plan.changes.is_empty(), "{:?}", plan.changes);
        assert!(plan.left[0].1.contains("decided there"));
        own.insert("base_model_id".into(), Value::Null);
        assert!(of(&own).changes[0].open);
    }

    #[test]
    fn base_models_are_registered_and_opened_where_that_is_said() {
        let choice = Models::Named(vec!["gpt".into(), "none".into()]);
        let tools = ["t".to_owned()];
        let plan = compare(&choice, &tools, true, &[], &[base("gpt"), base("other")]);
        assert_eq!(plan.changes.len(), 1);
        assert_eq!(plan.left, [("none".to_owned(), "Open WebUI has no such model now")]);
        let form = plan.changes[0].form(None);
        assert_eq!((&form["name"], &form["base_model_id"]), (&json!("GPT"), &Value::Null));
        assert!(is_open(&form) && is_as_registered(&form, &tools));
        let mut changed = form.clone();
        changed.insert("params".into(), json!({"temperature": 1}));
        assert!(!is_as_registered(&changed, &tools));
    }
}
