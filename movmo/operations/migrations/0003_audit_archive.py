from django.db import migrations, models

from movmo.operations import append_only


class Migration(migrations.Migration):
    dependencies = [("operations", "0002_audit_is_append_only")]

    operations = [
        migrations.CreateModel(
            name="AuditArchive",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("shard", models.PositiveSmallIntegerField()),
                ("first", models.PositiveBigIntegerField()),
                ("last", models.PositiveBigIntegerField()),
                ("previous", models.BinaryField(max_length=32)),
                ("hash", models.BinaryField(max_length=32)),
                ("file", models.CharField(max_length=140)),
                ("sha256", models.CharField(max_length=64)),
                ("byte_count", models.PositiveBigIntegerField()),
                ("mac", models.BinaryField(max_length=32)),
            ],
            options={
                "db_table": "audit_archive",
                "constraints": [models.UniqueConstraint(fields=("shard", "first"), name="one_archive_per_place")],
            },
        ),
        migrations.RunPython(
            lambda apps, editor: append_only.let_archived_go(editor.connection),
            lambda apps, editor: append_only.let_nothing_go(editor.connection),
        ),
    ]
