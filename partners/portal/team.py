"""Who belongs to a partner: invited, given another role, removed. Everybody of the partner sees the list."""

from django.http import Http404, HttpResponse

from movmo.kit import clock
from partners.member import queries, services
from partners.member.models import Invitation, Member, Role
from partners.portal.forms import InviteForm, RoleForm
from partners.portal.page import PartnerPage


class Team(PartnerPage):
    tab = "team"
    http_method_names = ("get", "head")

    def shown(self) -> HttpResponse:
        waiting = queries.waiting(clock.now()).filter(partner=self.partner)
        return self.show("team", team=queries.team(self.partner.pk), waiting=waiting, me=self.member.pk)


class Invite(PartnerPage):
    tab = "team"
    needs = looking_needs = Role.OWNER
    is_fresh = True

    def shown(self) -> HttpResponse:
        return self.show("invite", form=InviteForm())

    def sent(self) -> HttpResponse:
        form = InviteForm(self.request.POST)
        if form.is_valid():
            email, role = form.cleaned_data["email"], Role(form.cleaned_data["role"])
            try:
                services.invite(partner=self.partner, email=email, role=role, by=self.person, now=clock.now())
            except services.MemberRefused as refusal:
                form.add_error("email", str(refusal))
            else:
                return self.done(f"We are sending {email} an invitation. It is good for seven days.", "team")
        return self.show("invite", form=form, status=422)


class OneMember(PartnerPage):
    tab = "team"
    needs = looking_needs = Role.OWNER
    is_fresh = True

    def shown(self) -> HttpResponse:
        one = self._one()
        return self.show("member", one=one, form=RoleForm(initial={"role": one.role}), is_me=one.pk == self.member.pk)

    def sent(self) -> HttpResponse:
        answer = {"role": self._change_role, "remove": self._remove}.get(self.request.POST.get("action", ""))
        return answer() if answer else self.shown()

    def _change_role(self) -> HttpResponse:
        one, form = self._one(), RoleForm(self.request.POST)
        if not form.is_valid():
            return self.not_done("Choose one of the three roles.", "member", one.pk)
        role = Role(form.cleaned_data["role"])
        try:
            ended = services.change_role(one, role=role, by=self.person, now=clock.now())
        except services.MemberRefused as refusal:
            return self.not_done(str(refusal), "team")
        return self.done(f"{one.user.email} is {role.label} from now on. {services.told_of(ended)}".rstrip(), "team")

    def _remove(self) -> HttpResponse:
        one = self._one()
        try:
            ended = services.remove(one, by=self.person, now=clock.now())
        except services.MemberRefused as refusal:
            return self.not_done(str(refusal), "team")
        told = f"{one.user.email} is removed, and out with their next click. {services.told_of(ended)}"
        return self.done(told.rstrip(), "team")

    def _one(self) -> Member:
        found = queries.team(self.partner.pk).filter(pk=self.kwargs["member_id"]).first()
        if found is None:
            raise Http404
        return found


class Withdraw(PartnerPage):
    """Taking an invitation back is the safe direction: being signed in will do."""

    tab = "team"
    needs = Role.OWNER
    http_method_names = ("post",)

    def sent(self) -> HttpResponse:
        found = Invitation.objects.filter(pk=self.kwargs["invitation_id"], partner=self.partner).first()
        if found is None:
            raise Http404
        try:
            services.withdraw(found, by=self.person, now=clock.now())
        except services.MemberRefused:
            return self.not_done("There was nothing to take back: it was used, or taken back before.", "team")
        return self.done(f"The invitation of {found.email} is taken back.", "team")
