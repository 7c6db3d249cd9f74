"""Questions to Postgres's own catalogs. An owner's connection answers them."""

from typing import Any, Final

from sqlalchemy import (
    Select,
    Text,
    and_,
    cast,
    column,
    func,
    literal_column,
    or_,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import OID, REGCLASS

SCHEMAS: Final = ("public", "insights", "insights_private")


def _catalog(name: str, *columns: str, schema: str = "pg_catalog") -> Any:
    return table(name, *map(column, columns), schema=schema)


_classes = _catalog("pg_class", "oid", "relname", "relnamespace", "relrowsecurity", "relkind")
_spaces = _catalog("pg_namespace", "oid", "nspname")
_roles = _catalog(
    "pg_roles",
    "oid",
    "rolname",
    "rolsuper",
    "rolbypassrls",
    "rolinherit",
    "rolcreaterole",
    "rolcanlogin",
)
_members = _catalog("pg_auth_members", "roleid", "member")
_policies = _catalog(
    "pg_policies",
    "schemaname",
    "tablename",
    "policyname",
    "permissive",
    "roles",
    "cmd",
    "qual",
    "with_check",
)
_attributes = _catalog("pg_attribute", "attrelid", "attname", "attnum", "attisdropped")
_indexes = _catalog(
    "pg_index", "indexrelid", "indrelid", "indkey", "indclass", "indisunique", "indpred", "indexprs"
)
_constraints = _catalog("pg_constraint", "conname", "conrelid", "convalidated", "connamespace")
_grants = _catalog(
    "table_privileges",
    "grantee",
    "table_schema",
    "table_name",
    "privilege_type",
    schema="information_schema",
)
_columns = _catalog(
    "columns",
    "table_schema",
    "table_name",
    "column_name",
    "is_nullable",
    "column_default",
    "is_identity",
    schema="information_schema",
)
_notes = _catalog("left_as_found", "object", "note", schema="insights")


def server_version() -> Select[Any]:
    """server_version_num, server_version."""
    return select(
        func.current_setting("server_version_num"), func.current_setting("server_version")
    )


def role(name: str) -> Select[Any]:
    """The attributes of the role, or no row."""
    return select(_roles).where(_roles.c.rolname == name)


def memberships(name: str) -> Select[Any]:
    """Names of the roles that `name` was granted."""
    me, granted = _roles.alias("me"), _roles.alias("granted")
    return (
        select(granted.c.rolname)
        .join_from(_members, me, me.c.oid == _members.c.member)
        .join(granted, granted.c.oid == _members.c.roleid)
        .where(me.c.rolname == name)
    )


def direct_grants(grantee: str) -> Select[Any]:
    """Tables on which `grantee` itself holds something: name, privileges."""
    name = _grants.c.table_schema + "." + _grants.c.table_name
    return (
        select(name, func.string_agg(_grants.c.privilege_type, ", "))
        .where(_grants.c.grantee == grantee, _grants.c.table_schema.in_(SCHEMAS))
        .group_by(name)
        .order_by(name)
    )


def row_security() -> Select[Any]:
    """Each table of ours and of the platform: name, whether row security is on."""
    return (
        select(_spaces.c.nspname + "." + _classes.c.relname, _classes.c.relrowsecurity)
        .join_from(_classes, _spaces, _spaces.c.oid == _classes.c.relnamespace)
        .where(_spaces.c.nspname.in_(SCHEMAS), _classes.c.relkind.in_(["r", "p"]))
    )


def policies() -> Select[Any]:
    """Each policy: table, name, permissive ("PERMISSIVE" or "RESTRICTIVE"), roles, command, and
    the conditions that rows read (qual) and written (with_check) must meet."""
    return (
        select(
            (_policies.c.schemaname + "." + _policies.c.tablename).label("relation"),
            _policies.c.policyname,
            _policies.c.permissive,
            func.array_to_string(_policies.c.roles, ", ").label("roles"),
            _policies.c.cmd,
            _policies.c.qual,
            _policies.c.with_check,
        )
        .where(_policies.c.schemaname.in_(SCHEMAS))
        .order_by("relation", _policies.c.policyname)
    )


def fences() -> Select[Any]:
    """Tables that the role which asks is fenced on: schema, table, the condition that a row must
    meet, and the columns that are withheld from the role ("" when none is)."""
    me = cast(literal_column("current_user"), Text)
    relation = func.format("%I.%I", _policies.c.schemaname, _policies.c.tablename)
    number = cast(cast(relation, REGCLASS), OID)
    withheld = (
        select(func.coalesce(func.string_agg(_attributes.c.attname, ", "), ""))
        .where(
            _attributes.c.attrelid == number,
            _attributes.c.attnum > 0,
            ~_attributes.c.attisdropped,
            ~func.has_column_privilege(number, _attributes.c.attnum, "SELECT"),
        )
        .scalar_subquery()
    )
    return (
        select(_policies.c.schemaname, _policies.c.tablename, _policies.c.qual, withheld)
        .where(
            _policies.c.policyname == me.concat("_fence"),
            _policies.c.schemaname.in_(SCHEMAS),
            func.has_any_column_privilege(number, "SELECT"),
        )
        .order_by(_policies.c.schemaname.desc(), _policies.c.tablename)
    )


def redundant_indexes() -> Select[Any]:
    """Indexes that another one of the same table serves as well: name, the other's name."""
    a, b = _indexes.alias("a"), _indexes.alias("b")
    name_a, name_b = _classes.alias("name_a"), _classes.alias("name_b")
    of, space = _classes.alias("of"), _spaces.alias("space")
    keys_a = func.array_to_string(a.c.indkey, " ")
    keys_b = func.array_to_string(b.c.indkey, " ")
    classes_a = func.array_to_string(a.c.indclass, " ")
    classes_b = func.array_to_string(b.c.indclass, " ")
    plain = [side.c[name].is_(None) for side in (a, b) for name in ("indpred", "indexprs")]
    # Of two that are equal, the one that is not unique or was made later is the redundant one.
    beaten = or_(
        keys_a != keys_b,
        and_(~a.c.indisunique, b.c.indisunique),
        and_(a.c.indisunique == b.c.indisunique, a.c.indexrelid > b.c.indexrelid),
    )
    return (
        select(name_a.c.relname, name_b.c.relname)
        .select_from(a)
        .join(b, and_(a.c.indrelid == b.c.indrelid, a.c.indexrelid != b.c.indexrelid))
        .join(name_a, name_a.c.oid == a.c.indexrelid)
        .join(name_b, name_b.c.oid == b.c.indexrelid)
        .join(of, of.c.oid == a.c.indrelid)
        .join(space, space.c.oid == of.c.relnamespace)
        .where(
            space.c.nspname == "public",
            *plain,
            func.starts_with(keys_b + " ", keys_a + " "),
            func.starts_with(classes_b + " ", classes_a + " "),
            or_(~a.c.indisunique, keys_a == keys_b),
            beaten,
        )
        .order_by(name_a.c.relname, name_b.c.relname)
        .distinct()
    )


def unique_indexes() -> Select[Any]:
    """Names of the indexes that keep rows unique: needed, however seldom they are read."""
    named = select(_classes.c.relname).join_from(
        _indexes, _classes, _classes.c.oid == _indexes.c.indexrelid
    )
    return named.where(_indexes.c.indisunique)


def unvalidated() -> Select[Any]:
    """Constraints that old rows were not held against: table, name."""
    return (
        select(_spaces.c.nspname + "." + _classes.c.relname, _constraints.c.conname)
        .join_from(_constraints, _classes, _classes.c.oid == _constraints.c.conrelid)
        .join(_spaces, _spaces.c.oid == _classes.c.relnamespace)
        .where(~_constraints.c.convalidated, _spaces.c.nspname.in_(SCHEMAS))
        .order_by(_constraints.c.conname)
    )


def required_columns() -> Select[Any]:
    """Columns of the platform's tables that need a value and have no default: table, column."""
    return select(_columns.c.table_name, _columns.c.column_name).where(
        _columns.c.table_schema == "public",
        _columns.c.is_nullable == "NO",
        _columns.c.column_default.is_(None),
        _columns.c.is_identity == "NO",
    )


def notes_exist() -> Select[Any]:
    """Whether migrations have a place for notes yet."""
    return select(func.to_regclass("insights.left_as_found").is_not(None))


def notes() -> Select[Any]:
    """What a migration could not put on an older table: object, note."""
    return select(_notes.c.object, _notes.c.note).order_by(_notes.c.object)
