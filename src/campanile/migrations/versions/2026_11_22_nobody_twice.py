"""nobody twice

Revision: 0002, after 0001
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('breaker',
    sa.Column('kind', sa.Enum('trunk', 'provider', 'agent', name='breakerkind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('key', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('state', sa.Enum('closed', 'open', 'half_open', name='breakerstate', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('failed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('openings', sa.Integer(), nullable=False),
    sa.Column('retry_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('probe_attempt_id', sa.Uuid(), nullable=True),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('changed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.PrimaryKeyConstraint('kind', 'key', name=op.f('pk_breaker'))
    )
    op.create_table('ledger_dial',
    sa.Column('attempt_id', sa.Uuid(), nullable=False),
    sa.Column('root_id', sa.Uuid(), nullable=False),
    sa.Column('phone_number', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('campaign_id', sa.Uuid(), nullable=False),
    sa.Column('lead_id', sa.Uuid(), nullable=False),
    sa.Column('subject', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('dialed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('answered', sa.Boolean(), nullable=False),
    sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('attempt_id', name=op.f('pk_ledger_dial'))
    )
    op.create_index('ix_ledger_dial_phone_number', 'ledger_dial', ['root_id', 'phone_number'], unique=False)
    op.create_table('ledger_mark',
    sa.Column('ledger_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('updated_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('ledger_id', name=op.f('pk_ledger_mark'))
    )
    op.create_table('stop',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('scope', sa.Enum('everything', 'organization', 'trunk', 'campaign', name='stopscope', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('target_id', sa.Uuid(), nullable=True),
    sa.Column('hang_up', sa.Boolean(), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('lifted_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stop'))
    )
    op.create_index('uq_stop_in_force', 'stop', ['scope', 'target_id'], unique=True, postgresql_nulls_not_distinct=True, postgresql_where=sa.text('lifted_at IS NULL'))
    op.create_table('event',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=True),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('facts', sa.JSON(none_as_null=True), nullable=False),
    sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['organization_id'], ['organization.id'], name=op.f('fk_event_organization_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_event'))
    )
    op.create_index('ix_event_created_at', 'event', ['created_at'], unique=False)
    op.add_column('attempt', sa.Column('subject', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.add_column('attempt', sa.Column('decision', sa.JSON(none_as_null=True), nullable=True))
    op.add_column('attempt', sa.Column('reserved_seconds', sa.Integer(), nullable=True))
    op.add_column('attempt', sa.Column('billed_seconds', sa.Integer(), nullable=True))
    op.create_index('ix_attempt_campaign_dialed', 'attempt', ['campaign_id', 'dialed_at'], unique=False)
    op.create_index('ix_attempt_used', 'attempt', ['campaign_id', 'dialed_at'], unique=False, postgresql_include=['billed_seconds', 'reserved_seconds'], postgresql_where=sa.text('(billed_seconds > 0 OR reserved_seconds IS NOT NULL)'))
    op.add_column('campaign', sa.Column('weekly_hours', sa.JSON(none_as_null=True), nullable=True))
    op.add_column('campaign', sa.Column('start_date', sa.Date(), nullable=True))
    op.add_column('campaign', sa.Column('end_date', sa.Date(), nullable=True))
    op.add_column('campaign', sa.Column('subject', sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True))
    op.add_column('campaign', sa.Column('regions', sa.JSON(none_as_null=True), nullable=True))
    op.add_column('campaign', sa.Column('consent_required', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column('campaign', sa.Column('max_calls_per_24h', sa.Integer(), nullable=True))
    op.add_column('campaign', sa.Column('max_calls_per_day', sa.Integer(), nullable=True))
    op.add_column('campaign', sa.Column('max_calls_per_week', sa.Integer(), nullable=True))
    op.add_column('campaign', sa.Column('max_calls_lifetime', sa.Integer(), nullable=True))
    op.add_column('campaign', sa.Column('max_minutes', sa.Integer(), nullable=True))
    op.add_column('campaign', sa.Column('max_minutes_per_day', sa.Integer(), nullable=True))
    op.add_column('campaign', sa.Column('max_spend', sa.Numeric(precision=12, scale=4), nullable=True))
    op.add_column('campaign', sa.Column('max_spend_per_day', sa.Numeric(precision=12, scale=4), nullable=True))
    op.add_column('campaign', sa.Column('cost_per_minute', sa.Numeric(precision=12, scale=4), nullable=True))
    op.add_column('campaign', sa.Column('paused_reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=''))
    op.add_column('campaign', sa.Column('resumed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.add_column('campaign', sa.Column('held_until', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.add_column('campaign', sa.Column('held_reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=''))
    op.add_column('lead', sa.Column('number_kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default='unknown'))
    op.create_index('ix_lead_calling', 'lead', ['campaign_id'], unique=False, postgresql_where=sa.text("status = 'calling'"))
    op.add_column('lead', sa.Column('not_before', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.add_column('lead', sa.Column('not_after', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.add_column('lead', sa.Column('callback_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.add_column('lead', sa.Column('place_source', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default='number'))
    op.add_column('lead', sa.Column('consent_basis', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.add_column('lead', sa.Column('consent_text', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.add_column('lead', sa.Column('consent_source', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.add_column('lead', sa.Column('consent_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.add_column('organization', sa.Column('max_calls_per_24h', sa.Integer(), nullable=True))
    op.add_column('organization', sa.Column('max_calls_per_day', sa.Integer(), nullable=True))
    op.add_column('organization', sa.Column('max_calls_per_week', sa.Integer(), nullable=True))
    op.add_column('organization', sa.Column('max_calls_lifetime', sa.Integer(), nullable=True))
    op.add_column('suppression', sa.Column('id', sa.Uuid(), nullable=False, server_default=sa.text('gen_random_uuid()')))
    op.add_column('suppression', sa.Column('campaign_id', sa.Uuid(), nullable=True))
    op.add_column('suppression', sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=''))
    op.drop_constraint('pk_suppression', 'suppression')
    op.create_primary_key('pk_suppression', 'suppression', ['id'])
    op.alter_column('suppression', 'root_id', existing_type=sa.UUID(), nullable=True)
    op.create_index('uq_suppression_number', 'suppression', ['phone_number', 'root_id', 'campaign_id'], unique=True, postgresql_nulls_not_distinct=True)
    op.create_foreign_key(op.f('fk_suppression_campaign_id'), 'suppression', 'campaign', ['campaign_id'], ['id'], ondelete='CASCADE')


def downgrade() -> None:
    op.drop_constraint(op.f('fk_suppression_campaign_id'), 'suppression', type_='foreignkey')
    op.drop_index('uq_suppression_number', table_name='suppression', postgresql_nulls_not_distinct=True)
    # Numbers suppressed for everybody or for one campaign have no place in the old table.
    op.execute('DELETE FROM suppression WHERE root_id IS NULL OR campaign_id IS NOT NULL')
    op.alter_column('suppression', 'root_id', existing_type=sa.UUID(), nullable=False)
    op.drop_constraint('pk_suppression', 'suppression')
    op.create_primary_key('pk_suppression', 'suppression', ['root_id', 'phone_number'])
    op.drop_column('suppression', 'source')
    op.drop_column('suppression', 'campaign_id')
    op.drop_column('suppression', 'id')
    op.drop_column('organization', 'max_calls_lifetime')
    op.drop_column('organization', 'max_calls_per_week')
    op.drop_column('organization', 'max_calls_per_day')
    op.drop_column('organization', 'max_calls_per_24h')
    op.drop_index('ix_lead_calling', table_name='lead', postgresql_where=sa.text("status = 'calling'"))
    op.drop_column('lead', 'consent_at')
    op.drop_column('lead', 'consent_source')
    op.drop_column('lead', 'consent_text')
    op.drop_column('lead', 'consent_basis')
    op.drop_column('lead', 'place_source')
    op.drop_column('lead', 'callback_at')
    op.drop_column('lead', 'not_after')
    op.drop_column('lead', 'not_before')
    op.drop_column('lead', 'number_kind')
    op.drop_column('campaign', 'held_reason')
    op.drop_column('campaign', 'held_until')
    op.drop_column('campaign', 'resumed_at')
    op.drop_column('campaign', 'paused_reason')
    op.drop_column('campaign', 'cost_per_minute')
    op.drop_column('campaign', 'max_spend_per_day')
    op.drop_column('campaign', 'max_spend')
    op.drop_column('campaign', 'max_minutes_per_day')
    op.drop_column('campaign', 'max_minutes')
    op.drop_column('campaign', 'max_calls_lifetime')
    op.drop_column('campaign', 'max_calls_per_week')
    op.drop_column('campaign', 'max_calls_per_day')
    op.drop_column('campaign', 'max_calls_per_24h')
    op.drop_column('campaign', 'consent_required')
    op.drop_column('campaign', 'regions')
    op.drop_column('campaign', 'subject')
    op.drop_column('campaign', 'end_date')
    op.drop_column('campaign', 'start_date')
    op.drop_column('campaign', 'weekly_hours')
    op.drop_index('ix_attempt_used', table_name='attempt', postgresql_include=['billed_seconds', 'reserved_seconds'], postgresql_where=sa.text('(billed_seconds > 0 OR reserved_seconds IS NOT NULL)'))
    op.drop_index('ix_attempt_campaign_dialed', table_name='attempt')
    op.drop_column('attempt', 'billed_seconds')
    op.drop_column('attempt', 'reserved_seconds')
    op.drop_column('attempt', 'decision')
    op.drop_column('attempt', 'subject')
    op.drop_index('ix_event_created_at', table_name='event')
    op.drop_table('event')
    op.drop_index('uq_stop_in_force', table_name='stop', postgresql_nulls_not_distinct=True, postgresql_where=sa.text('lifted_at IS NULL'))
    op.drop_table('stop')
    op.drop_table('ledger_mark')
    op.drop_index('ix_ledger_dial_phone_number', table_name='ledger_dial')
    op.drop_table('ledger_dial')
    op.drop_table('breaker')
