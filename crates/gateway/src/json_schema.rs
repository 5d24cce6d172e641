//! What values the keywords of JSON Schema have (2020-12, and the drafts before it), as the
//! validators of clients insist on it. Only the members of schemas are keywords: those of what they
//! hold may be names or data.

/// The value of a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A schema.
    Schema,
    /// A list of schemas that is not empty.
    Schemas,
    /// Schemas by name.
    Named,
    /// Schemas by name that count only where they are referred to.
    Definitions,
    /// Schemas by regular expression.
    Patterned,
    /// A schema, or in older dialects a list of them.
    Items,
    /// The name of a type, or several.
    Type,
    /// Names of properties that have to be there.
    Required,
    /// Schemas by name, or lists of names.
    Dependencies,
    /// Lists of names by name.
    NamesByName,
    /// A list that is not empty.
    Choices,
    /// A whole number that is not negative.
    Count,
    /// A number.
    Number,
    /// A number above zero.
    Step,
    /// Yes or no.
    Flag,
    /// Whether null is taken, too: a word of OpenAPI that validators know.
    Nullable,
    /// A regular expression.
    Pattern,
    /// A place in the schema.
    Reference,
    /// A place that is not known before a value is checked. Not all validators can.
    Dynamic,
    /// The name of the dialect.
    Dialect,
    /// A text that restricts nothing which clients agree on.
    Text,
    /// A text for those who write schemas.
    Comment,
    /// Yes or no, as a hint.
    Hint,
    /// Any values, as a hint.
    Examples,
    /// Any value, in which nothing is a keyword.
    Anything,
    /// What gives the schema an address or a dialect of its own, which a client would remember
    /// beyond it.
    Address,
    /// The same in one validator or draft, or what could not be compiled.
    Harmful,
    /// No keyword.
    Foreign,
}

/// Where schemas stand in the value of a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Within {
    /// It is one, or a list of them.
    Itself,
    /// Under names, each of which holds one, or in older dialects something else.
    Named,
}

impl Shape {
    /// Where schemas stand in such a value, if any do.
    pub(crate) const fn within(self) -> Option<Within> {
        match self {
            Self::Schema | Self::Schemas | Self::Items => Some(Within::Itself),
            Self::Named | Self::Definitions | Self::Patterned | Self::Dependencies => {
                Some(Within::Named)
            }
            _ => None,
        }
    }
}

/// The value of this keyword.
pub(crate) fn shape(keyword: &str) -> Shape {
    match keyword {
        "additionalItems"
        | "additionalProperties"
        | "contains"
        | "contentSchema"
        | "else"
        | "if"
        | "not"
        | "propertyNames"
        | "then"
        | "unevaluatedItems"
        | "unevaluatedProperties" => Shape::Schema,
        "allOf" | "anyOf" | "oneOf" | "prefixItems" => Shape::Schemas,
        "dependentSchemas" | "properties" => Shape::Named,
        "$defs" | "definitions" => Shape::Definitions,
        "patternProperties" => Shape::Patterned,
        "items" => Shape::Items,
        "type" => Shape::Type,
        "required" => Shape::Required,
        "dependencies" => Shape::Dependencies,
        "dependentRequired" => Shape::NamesByName,
        "enum" => Shape::Choices,
        "maxContains" | "maxItems" | "maxLength" | "maxProperties" | "minContains" | "minItems"
        | "minLength" | "minProperties" => Shape::Count,
        "exclusiveMaximum" | "exclusiveMinimum" | "maximum" | "minimum" => Shape::Number,
        "multipleOf" => Shape::Step,
        "uniqueItems" => Shape::Flag,
        "nullable" => Shape::Nullable,
        "pattern" => Shape::Pattern,
        "$ref" => Shape::Reference,
        "$dynamicRef" | "$recursiveRef" => Shape::Dynamic,
        "$schema" => Shape::Dialect,
        "contentEncoding" | "contentMediaType" | "description" | "format" | "title" => Shape::Text,
        "$comment" => Shape::Comment,
        "deprecated" | "readOnly" | "writeOnly" => Shape::Hint,
        "examples" => Shape::Examples,
        "const" | "default" => Shape::Anything,
        "$anchor" | "$dynamicAnchor" | "$id" | "$recursiveAnchor" | "$vocabulary" => Shape::Address,
        "$async"
        | "formatExclusiveMaximum"
        | "formatExclusiveMinimum"
        | "formatMaximum"
        | "formatMinimum"
        | "id" => Shape::Harmful,
        _ => Shape::Foreign,
    }
}

/// Whether a name is one of JSON Schema's types.
pub(crate) fn is_type(name: &str) -> bool {
    matches!(name, "array" | "boolean" | "integer" | "null" | "number" | "object" | "string")
}

/// The dialects that all clients know.
pub(crate) fn is_known_dialect(name: &str) -> bool {
    let name = name.strip_suffix('#').unwrap_or(name);
    let name = name.strip_prefix("https://").or_else(|| name.strip_prefix("http://"));
    let known = ["draft/2020-12", "draft/2019-09", "draft-07", "draft-06"];
    let dialect = name.and_then(|it| it.strip_prefix("json-schema.org/"));
    dialect.and_then(|it| it.strip_suffix("/schema")).is_some_and(|it| known.contains(&it))
}

/// Whether a dialect has lists of schemas as `items`.
pub(crate) fn has_tuples(dialect: &str) -> bool {
    is_known_dialect(dialect) && !dialect.contains("2020-12")
}
