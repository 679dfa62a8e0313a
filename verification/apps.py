from django.apps import AppConfig


class VerificationConfig(AppConfig):
    name = "verification"
    verbose_name = "Verification"

    def ready(self) -> None:
        from annotation.selectors.judgements import provide_judgements
        from verification.selectors.judgements import VerifiedJudgements

        provide_judgements(VerifiedJudgements())
