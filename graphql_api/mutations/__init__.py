"""The mutations, one in each file."""

import strawberry

from graphql_api.mutations.add_cart_items import add_cart_items
from graphql_api.mutations.cancel_session import cancel_session
from graphql_api.mutations.close_session import close_session
from graphql_api.mutations.create_application import create_application
from graphql_api.mutations.create_attribute_definition import create_attribute_definition
from graphql_api.mutations.create_campaign import create_campaign
from graphql_api.mutations.create_coupon import create_coupon
from graphql_api.mutations.create_key import create_key
from graphql_api.mutations.create_referral import create_referral
from graphql_api.mutations.create_session import create_session
from graphql_api.mutations.create_session_token import create_session_token
from graphql_api.mutations.create_webhook import create_webhook
from graphql_api.mutations.delete_webhook import delete_webhook
from graphql_api.mutations.end_coupons import end_coupons
from graphql_api.mutations.generate_coupons import generate_coupons
from graphql_api.mutations.import_coupons import import_coupons
from graphql_api.mutations.merge_sessions import merge_sessions
from graphql_api.mutations.remove_cart_items import remove_cart_items
from graphql_api.mutations.return_items import return_items
from graphql_api.mutations.revoke_key import revoke_key
from graphql_api.mutations.rotate_webhook_secret import rotate_webhook_secret
from graphql_api.mutations.update_application import update_application
from graphql_api.mutations.update_attribute_definition import update_attribute_definition
from graphql_api.mutations.update_campaign import update_campaign
from graphql_api.mutations.update_cart_items import update_cart_items
from graphql_api.mutations.update_coupon import update_coupon
from graphql_api.mutations.update_profile import update_profile
from graphql_api.mutations.update_referral import update_referral
from graphql_api.mutations.update_session import update_session
from graphql_api.mutations.update_webhook import update_webhook
from graphql_api.mutations.upsert_session import upsert_session


@strawberry.type(
    description="Entry points for changes. Each field is one transaction; the fields of one operation are executed one"
    " after another."
)
class Mutation:
    create_session = create_session
    update_session = update_session
    upsert_session = upsert_session
    add_cart_items = add_cart_items
    update_cart_items = update_cart_items
    remove_cart_items = remove_cart_items
    merge_sessions = merge_sessions
    close_session = close_session
    cancel_session = cancel_session
    return_items = return_items
    update_profile = update_profile
    create_attribute_definition = create_attribute_definition
    update_attribute_definition = update_attribute_definition
    create_campaign = create_campaign
    update_campaign = update_campaign
    create_coupon = create_coupon
    update_coupon = update_coupon
    generate_coupons = generate_coupons
    import_coupons = import_coupons
    end_coupons = end_coupons
    create_referral = create_referral
    update_referral = update_referral
    create_application = create_application
    update_application = update_application
    create_session_token = create_session_token
    create_key = create_key
    revoke_key = revoke_key
    create_webhook = create_webhook
    update_webhook = update_webhook
    delete_webhook = delete_webhook
    rotate_webhook_secret = rotate_webhook_secret
